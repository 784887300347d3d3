"""TensorFlow 1's default image resizing, bilinear and nearest; no other library implements it.

Output cell i reads the input at i · in / out: no half-pixel centres, corners not aligned. All arithmetic is float32
in the order of TensorFlow's CPU kernels (``resize_bilinear_op.cc``, ``resize_nearest_neighbor_op.cc``), because a
position that falls just below a whole number reads another pixel.
"""

import torch
from torch import Tensor


def resize_bilinear(x: Tensor, size: tuple[int, int]) -> Tensor:
    """``tf.image.resize_images`` / ``resize_bilinear`` of float (…, H, W) to ``size`` (height, width)."""
    height, width = size
    return blend(blend(x, -1, _positions(x, -1, width)), -2, _positions(x, -2, height))


def resize_nearest(x: Tensor, size: tuple[int, int]) -> Tensor:
    """``tf.image.resize_nearest_neighbor`` of (…, H, W) to ``size`` (height, width): always the cell that the position
    rounds down to.
    """
    for axis, length in zip((-2, -1), size, strict=True):
        x = x.index_select(axis, _positions(x, axis, length).long())
    return x


def _positions(x: Tensor, axis: int, length: int) -> Tensor:
    """Where each of ``length`` output cells reads the input along ``axis``, in cells, float32."""
    scale = torch.tensor(x.shape[axis], dtype=torch.float32) / length
    return (torch.arange(length, dtype=torch.float32) * scale).clamp(max=x.shape[axis] - 1).to(x.device)


def blend(x: Tensor, axis: int, positions: Tensor) -> Tensor:
    """Linear interpolation along one axis (-1 or -2) at ``positions``, float32 (n,), in cells from 0 to the last."""
    lower = positions.floor()
    weight = (positions - lower).view(-1, *[1] * (-1 - axis))
    below = x.index_select(axis, lower.long())
    above = x.index_select(axis, (lower.long() + 1).clamp(max=x.shape[axis] - 1))
    return below + (above - below) * weight
