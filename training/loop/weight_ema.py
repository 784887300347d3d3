"""Exponential moving average of weights."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

Tensors = tuple[Tensor, ...] | list[Tensor]


def ema_update(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Update function of the moving average for ``AveragedModel``.

    After n updates the decay is at most (1 + n) / (10 + n), so that the first steps are soon forgotten.
    """

    def update(averages: Tensors, values: Tensors, count: Tensor | int) -> None:
        keep = decay_after(int(count), decay)
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - keep)
            else:
                average.copy_(value)

    return update


def decay_after(updates: int, decay: float) -> float:
    """The share of an average that is kept at an update after ``updates`` others."""
    return min(decay, (1 + updates) / (10 + updates))


class WeightEma(AveragedModel):
    """``AveragedModel`` with ``ema_update`` of weights and buffers, and the same ``state_dict``.

    It counts its updates on the CPU: ``AveragedModel`` reads its counter from the GPU several times a step, and each
    time waits until the GPU has done all it was given.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network, use_buffers=True)
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Move the average towards the weights of ``model``; the first time it becomes a copy of them."""
        pairs = list(zip(_tensors(self.module), _tensors(model), strict=True))
        floats = [(average, value) for average, value in pairs if average.is_floating_point() and self.updates]
        if floats:
            averages, values = map(list, zip(*floats, strict=True))
            torch._foreach_lerp_(averages, values, 1 - decay_after(self.updates, self.decay))
        for average, value in pairs:
            if not self.updates or not average.is_floating_point():
                average.copy_(value)
        self.updates += 1
        self.n_averaged += 1

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        result = super().load_state_dict(state_dict, strict, assign)
        self.updates = int(self.n_averaged)
        return result


def _tensors(module: nn.Module) -> list[Tensor]:
    return [tensor.detach() for tensor in (*module.parameters(), *module.buffers())]
