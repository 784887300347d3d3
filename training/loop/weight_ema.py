"""Exponential moving average of weights."""

from collections.abc import Callable

from torch import Tensor

Tensors = tuple[Tensor, ...] | list[Tensor]


def ema_update(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Update function of the moving average for ``AveragedModel``.

    After n updates the decay is at most (1 + n) / (10 + n), so that the first steps are soon forgotten.
    """

    def update(averages: Tensors, values: Tensors, count: Tensor | int) -> None:
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - keep)
            else:
                average.copy_(value)

    return update
