"""Edges that follow a photo's: the guided filter (He, Sun, Tang: Guided Image Filtering, T-PAMI 2013), its coefficients
worked out on a smaller photo (He, Sun: Fast Guided Filter, 2015, https://arxiv.org/abs/1505.00996)."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.imaging.color import STRIP
from service.imaging.decode import Image

SAMPLES: Final = 2.0
"""Samples for each cell of the model's grid, across and down, of the smaller photo. Twice as many change nothing:
``python -m tests.benchmarks.cutout_edges``."""
RADIUS: Final = 1.5
"""Of a window, in cells."""
EPSILON: Final = 1e-3
"""Variance of the photo (0–1) within a window from which on its edges are followed."""
CONTRAST: Final = 1.5
"""By how much edges are made steeper than the filter leaves them."""
SMALLEST_CELL: Final = 1.5
"""Pixels of a cell below which a photo has no finer edges to offer."""

Plane = npt.NDArray[np.float32]


def follow_edges(coverage: Image, photo: Image, cell: float) -> Image:
    """The coverage (height, width), 0–255, its edges moved to those of the photo (height, width, 3), RGB.

    ``cell`` is the size in pixels of what the coverage was enlarged from; edges move by two or three of them at most.
    What lies deep inside or far outside stays as it is, and so do edges where the photo has none.
    """
    height, width = coverage.shape
    if cell < SMALLEST_CELL or not height or not width:
        return coverage
    step = max(1.0, cell / SAMPLES)
    size = (max(1, round(width / step)), max(1, round(height / step)))
    guide = _grey(cv2.resize(photo, size, interpolation=cv2.INTER_AREA)) * np.float32(1 / 255)
    target = cv2.resize(coverage, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    slope, offset, weight = _coefficients(guide, target, max(1, round(RADIUS * cell / step)))
    slope, offset = slope * (CONTRAST / 255), offset * CONTRAST + 127.5 * (1 - CONTRAST)
    found = np.empty_like(coverage)
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = _grey(photo[top : top + rows])
        strip *= _enlarged(slope, coverage.shape, top, len(strip))
        strip += _enlarged(offset, coverage.shape, top, len(strip))
        np.clip(strip, 0, 255, out=strip)
        strip -= coverage[top : top + rows]
        strip *= _enlarged(weight, coverage.shape, top, len(strip))
        strip += coverage[top : top + rows]
        found[top : top + rows] = np.round(strip, out=strip)
    return found


def _grey(photo: npt.NDArray[np.generic]) -> Plane:
    return cv2.cvtColor(np.asarray(photo, np.uint8), cv2.COLOR_RGB2GRAY).astype(np.float32)


def _coefficients(guide: Plane, target: Plane, radius: int) -> tuple[Plane, Plane, Plane]:
    """Slope and offset (height, width) of the line that gives the target from the guide, around each pixel; and how
    much that is worth, 0–1: nothing where the guide is even."""

    def mean(plane: Plane) -> Plane:
        return np.asarray(cv2.blur(plane, (2 * radius + 1, 2 * radius + 1)), np.float32)

    mean_guide, mean_target = mean(guide), mean(target)
    covariance = mean(guide * target) - mean_guide * mean_target
    variance = np.maximum(mean(guide * guide) - mean_guide * mean_guide, np.float32(0))
    slope = np.asarray(covariance / (variance + EPSILON), np.float32)
    weight = np.asarray(variance / (variance + EPSILON), np.float32)
    return mean(slope), mean(mean_target - slope * mean_guide), mean(weight)


def _enlarged(plane: Plane, shape: tuple[int, int], top: int, rows: int) -> Plane:
    """Some rows of a plane that is enlarged linearly to a shape (height, width)."""
    down, across = plane.shape[0] / shape[0], plane.shape[1] / shape[1]
    to_plane = np.array([[across, 0.0, 0.5 * across - 0.5], [0.0, down, (top + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], rows)
    return np.asarray(cv2.warpAffine(plane, to_plane, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
