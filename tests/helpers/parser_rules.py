"""The rules by which the golden outputs of LIP_SSL and SCHP were made (tests/reference), and files as people have them.

Weights by name: every clone can make them, so the released ones need not travel.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch

from training.networks.lip_ssl.caffe_weights import caffe_layers
from training.networks.lip_ssl.caffemodel import NetMessage
from training.networks.schp.released_weights import PREFIX, released_name

REFERENCE = Path(__file__).parents[1] / "reference"


def normal(name, shape):
    return np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)


def lip_ssl_value(name, shape):
    """A parameter's value, by its name in ``parameters.json``."""
    value = normal(name, shape) * (np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.1)
    return value.astype(np.float32)


def schp_value(name, shape):
    """An entry's value, by its name in ``variables.json``."""
    value = normal(name, shape)
    if name.endswith("weight") and len(shape) == 4:
        value *= np.sqrt(2 / np.prod(shape[1:]))
    elif name.endswith("weight"):
        value = (1 + 0.3 * value) * (0.25 if ".bn3." in name else 1)
    elif name.endswith("running_var"):
        value = 1 + 0.1 * np.abs(value)
    else:
        value *= 0.1
    return value.astype(np.float32)


def lip_ssl_parameters():
    """The released net's parameters: name → shape and the layers that share it."""
    return json.loads((REFERENCE / "lip_ssl" / "parameters.json").read_text())


def schp_variables():
    """The released file's entries: name → shape."""
    return {name: tuple(shape) for name, shape in json.loads((REFERENCE / "schp/variables.json").read_text()).items()}


def parameters_of(network):
    """The same for a LIP_SSL of any width: name → shape and layers."""
    return {
        f"{caffe_layers(module)[0].removesuffix('_human')}_{leaf[0]}": {
            "shape": list(value.shape),
            "layers": list(caffe_layers(module)),
        }
        for name, value in network.state_dict().items()
        for module, _, leaf in [name.rpartition(".")]
    }


def variables_of(network):
    """The same for an SCHP of any width: name → shape."""
    return {
        released_name(name): tuple(value.shape)
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def caffe_net(parameters, old_form=False):
    """A net whose layers hold the parameters by rule, each layer its own copy."""
    net = NetMessage(name="LIP_SSL")
    layers = net.layers if old_form else net.layer
    layers.add(name="data")
    for name, parameter in parameters.items():
        shape = parameter["shape"]
        values = lip_ssl_value(name, shape).ravel().tolist()
        for layer_name in parameter["layers"]:
            layer = next((layer for layer in layers if layer.name == layer_name), None) or layers.add(name=layer_name)
            blob = layer.blobs.add(data=values)
            if old_form:
                four = [1] * (4 - len(shape)) + shape
                blob.num, blob.channels, blob.height, blob.width = four
            else:
                blob.shape.dim.extend(shape)
    return net


def write_schp(path, variables):
    """A file as SCHP's authors released it, with values by rule."""
    state = {PREFIX + name: torch.from_numpy(schp_value(name, shape)) for name, shape in variables.items()}
    torch.save({"state_dict": state}, path)
    return path
