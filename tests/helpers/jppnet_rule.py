"""The rule by which the golden outputs' network was filled (tests/reference)."""

import zlib

import numpy as np

from training.networks.jppnet.tensorflow_weights import tensorflow_name, tensorflow_shape, to_weights


def value_by_rule(name, shape):
    """A variable's value."""
    value = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    leaf = name.rpartition("/")[2]
    if leaf in ("weights", "w"):
        value *= np.sqrt(2 / np.prod(shape[:3]))
    elif leaf == "gamma":
        value = (1 + 0.1 * value) * (0.25 if "branch2c" in name else 1)
    elif leaf == "moving_variance":
        value = 1 + 0.1 * np.abs(value)
    else:
        value *= 0.1
    return value.astype(np.float32)


def fill_by_rule(network):
    """Fill a JPPNet of any width through the importer; it comes back in evaluation mode."""
    shapes = {tensorflow_name(name): tensorflow_shape(value.shape) for name, value in network.state_dict().items()}
    variables = {name: value_by_rule(name, shape) for name, shape in shapes.items()}
    network.load_state_dict(to_weights(variables, network), assign=True)
    return network.eval()
