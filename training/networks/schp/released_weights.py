"""SCHP's released weights: a ``state_dict`` of PyTorch with "in-place activated" norms, as weights of ``Schp``."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from training.networks.weight_mapping import require_exact, require_finite, shapes

PREFIX: Final = "module."
"""Of every key: the network was saved from within ``DataParallel``."""

EPSILON: Final = 1e-5
"""An in-place activated norm scales by |weight| + this (``inplace_abn``'s ``InPlaceABN``)."""

COUNTER: Final = "num_batches_tracked"
"""A buffer of plain batch norm alone, which inference does not read."""


def to_weights(stored: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The released weights → state dict of ``network`` (whose own values are not read; it may be on ``meta``).

    Scales of norms become |weight| + 1e-5. Raises IncompleteWeightsError that names all that is missing, left over or
    of a wrong shape, or not finite.
    """
    own = network.state_dict()
    wanted = {released_name(name): name for name in own if not name.endswith(COUNTER)}
    given = {name: value for name, value in stored.items() if not name.endswith(COUNTER)}
    require_exact(shapes(given), {released: tuple(own[name].shape) for released, name in wanted.items()})
    require_finite(given)
    weights = {name: norm_scale(given[released], released) for released, name in wanted.items()}
    return weights | {name: torch.tensor(0) for name in own if name.endswith(COUNTER)}


def released_name(name: str) -> str:
    """A weight's name in the released file, which spells the fusion ``fushion``."""
    return f"fushion.{name.removeprefix('fusion.')}" if name.startswith("fusion.") else name


def norm_scale(value: Tensor, name: str) -> Tensor:
    """A weight in float32; the scale of a norm, the only vector named ``weight``, as plain batch norm takes it."""
    is_scale = name.endswith(".weight") and value.ndim == 1
    return value.float().abs() + EPSILON if is_scale else value.float()
