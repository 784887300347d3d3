"""LIP_SSL's released Caffe weights: names of layers and their copies as weights of ``LipSsl``."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from training.networks.lip_ssl.caffemodel import Blobs
from training.networks.weight_mapping import IncompleteWeightsError, require_exact, require_finite

SUFFIXES: Final = ("", "_res075", "_res05")
"""Of the three scales' layers: the net lists each layer once a scale, with equal blobs."""

_LAYERS: Final[Mapping[str, str]] = {
    "classifier": "fc8_human",
    "attention.conv1": "att_conv1",
    "attention.fc": "att_fc",
}

_LEAVES: Final = {"weight": 0, "bias": 1}
"""Leaf of a weight's name → which of a layer's blobs it is."""


def caffe_layers(module: str) -> tuple[str, ...]:
    """The names of the layers that hold the weights of a module of ``LipSsl``."""
    name = _LAYERS.get(module, module.removeprefix("trunk."))
    return (name,) if module.startswith("attention.") else tuple(f"{name}{suffix}" for suffix in SUFFIXES)


def to_weights(layers: Mapping[str, Blobs], network: nn.Module) -> dict[str, Tensor]:
    """A caffemodel's layers → state dict of ``network`` (whose own values are not read; it may be on ``meta``).

    Raises IncompleteWeightsError that names every layer that is missing, left over or of a wrong shape, each whose
    copy for another scale has other values, and each with values that are not finite.
    """
    places = {
        parameter: [f"{layer} blob {_LEAVES[leaf]}" for layer in caffe_layers(module)]
        for parameter in network.state_dict()
        for module, _, leaf in [parameter.rpartition(".")]
    }
    blobs = {f"{layer} blob {index}": blob for layer, parts in layers.items() for index, blob in enumerate(parts)}
    shapes = {parameter: tuple(value.shape) for parameter, value in network.state_dict().items()}
    wanted = {place: with_leading_ones(shapes[name], blobs.get(place)) for name in places for place in places[name]}
    require_exact({place: blob.shape for place, blob in blobs.items()}, wanted)
    different = [
        f"{copy} differs from {first}, which the network shares"
        for first, *copies in places.values()
        for copy in copies
        if not np.array_equal(blobs[first], blobs[copy])
    ]
    if different:
        raise IncompleteWeightsError("\n".join(different))
    require_finite({first: torch.from_numpy(blobs[first]) for first, *_ in places.values()})
    return {name: torch.from_numpy(blobs[first].reshape(shapes[name])) for name, (first, *_) in places.items()}


def with_leading_ones(shape: tuple[int, ...], blob: np.ndarray | None) -> tuple[int, ...]:
    """A parameter's shape as a blob of as many or more dimensions may state it: (20,) as (1, 1, 1, 20)."""
    return shape if blob is None else (1,) * (blob.ndim - len(shape)) + shape
