"""Convolution and max-pooling with TensorFlow's SAME padding.

SAME gives ceil(size / stride) outputs; of an odd number of padding pixels the extra one goes right and below.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def same_pads(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels to add before and after an axis of ``size`` pixels."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad_same(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """(N, C, H, W) → the same with SAME padding for a square ``kernel`` at ``stride``."""
    height, width = x.shape[-2:]
    return F.pad(x, [*same_pads(width, kernel, stride), *same_pads(height, kernel, stride)], value=value)


class SameConv2d(nn.Conv2d):
    """Convolution with SAME padding; without bias, unless asked for, because a norm follows."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
    ) -> None:
        padding = dilation * (kernel // 2) if stride == 1 else 0
        super().__init__(channels_in, channels_out, kernel, stride, padding, dilation, groups, bias)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        return super().forward(x if stride == 1 else pad_same(x, kernel, stride))


class SameMaxPool2d(nn.Module):
    """Max-pooling with SAME padding; padding never wins the maximum."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        padded = pad_same(x, self.kernel, self.stride, torch.finfo(x.dtype).min)
        return F.max_pool2d(padded, self.kernel, self.stride)
