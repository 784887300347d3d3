"""Pose decoding (DARK): heat maps to joints, with torch operations that export to ONNX."""

import torch
from torch import Tensor
from torch.nn import functional as F

BLUR_SIGMA = 1.0
"""Cells. DARK smooths the predicted map before it reads the peak's shape."""

FLOOR = 1e-4
"""Keeps the logarithm finite where the map is flat."""


def blur(maps: Tensor) -> Tensor:
    """Gaussian blur of every map, (N, J, h, w)."""
    taps = torch.exp(-(torch.arange(-2, 3, device=maps.device, dtype=maps.dtype) ** 2) / (2 * BLUR_SIGMA**2))
    taps = taps / taps.sum()
    joints = maps.shape[1]
    kernel = (taps[:, None] * taps[None]).expand(joints, 1, 5, 5)
    return F.conv2d(maps, kernel, padding=2, groups=joints)


def decode(maps: Tensor, stride: int, origin: float) -> Tensor:
    """Heat maps (N, J, h, w) → (N, J, 3): x, y in input pixels and the peak's height clipped to 0–1.

    ``stride`` and ``origin`` say where cells lie, as in ``Network``.

    The peak is refined below a cell by DARK (Zhang et al., CVPR 2020): near a Gaussian's peak the logarithm of the map
    is a parabola, whose top is one Newton step away. Here each axis takes its own step, at most half a cell.
    """
    if not maps.shape[1]:
        return maps.new_zeros(maps.shape[0], 0, 3)
    height, width = maps.shape[2:]
    smooth = blur(maps).flatten(2)
    peak = smooth.argmax(2, keepdim=True)
    row, column = peak // width, peak % width

    def at(rows: Tensor, columns: Tensor) -> Tensor:
        index = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
        return smooth.gather(2, index).clamp_min(FLOOR).log()

    here = at(row, column)

    def step(before: Tensor, after: Tensor) -> Tensor:
        slope = (after - before) / 2
        curvature = (after + before - 2 * here).clamp_max(-FLOOR)
        return (-slope / curvature).clamp(-0.5, 0.5)

    x = column + step(at(row, column - 1), at(row, column + 1))
    y = row + step(at(row - 1, column), at(row + 1, column))
    score = maps.flatten(2).gather(2, peak).clamp(0, 1)
    return torch.cat([x * stride + origin, y * stride + origin, score], 2)
