"""Exponential moving average of weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def decay_after(updates: int, decay: float) -> float:
    """The share of an average that is kept at an update after ``updates`` others.

    It is at most (1 + n) / (10 + n) after n, so that the first steps are soon forgotten.
    """
    return min(decay, (1 + updates) / (10 + updates))


class WeightEma(AveragedModel):
    """The moving average of a network's weights and buffers; integers are copied. Its state is ``AveragedModel``'s.

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
