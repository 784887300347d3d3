"""Fit: a photo resized and padded to a network's input, and the map between their pixels.

Points are in pixels with the centre of the top-left pixel at (0, 0), so a resize by ``s`` maps x to
``s·(x + 0.5) − 0.5``, as OpenCV and the networks' own up-sampling do.
"""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from training.data.sample import FloatArray, UInt8Array

FitMode = Literal["letterbox", "squash"]

RgbColor = tuple[int, int, int]

PAD_COLOR: Final[RgbColor] = (124, 116, 104)
"""RGB of ImageNet's mean: what lies outside the photo."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a photo lies in the network's input: resized to ``size`` and placed at ``offset`` (both x, y)."""

    size: tuple[int, int]
    offset: tuple[int, int]
    scale: tuple[float, float]

    def to_photo(self, points: FloatArray) -> FloatArray:
        """Input pixels → photo pixels, (…, 2)."""
        offset, scale = np.asarray(self.offset, np.float32), np.asarray(self.scale, np.float32)
        return (points - offset + 0.5) / scale - 0.5

    def matrix(self) -> FloatArray:
        """The same map from photo to input pixels as an affine matrix, float32 (2, 3)."""
        (sx, sy), (left, top) = self.scale, self.offset
        return np.array([[sx, 0, sx / 2 - 0.5 + left], [0, sy, sy / 2 - 0.5 + top]], np.float32)


def fit_photo(
    image: UInt8Array, height: int, width: int, mode: FitMode, pad_color: RgbColor = PAD_COLOR
) -> tuple[UInt8Array, Fit]:
    """Fit a photo (H, W, 3) into (height, width, 3).

    ``letterbox``: proportions kept, centred, padded with ``pad_color``; ``squash``: stretched. The same rules as
    docs/model-file.md states for the service.
    """
    photo_height, photo_width = image.shape[:2]
    size = (width, height)
    if mode == "letterbox":
        scale = min(width / photo_width, height / photo_height)
        size = (max(1, round(photo_width * scale)), max(1, round(photo_height * scale)))
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    shrinks = size[0] < photo_width or size[1] < photo_height
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = pad_color
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(
        image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return canvas, Fit(size, (left, top), (size[0] / photo_width, size[1] / photo_height))
