"""Draws outlines around people into a picture."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from service.imaging.decode import Image
from service.imaging.png import Color

THICKNESS: Final = 1 / 200
"""Of an outline, as a share of the picture's shorter side."""


def draw_outlines(picture: Image, instances: Image, colors: Sequence[Color]) -> None:
    """Draws the outline of each person into a picture (height, width, 3), RGB: of the pixels that are ``i + 1`` in
    ``instances`` (height, width), in ``colors[i]``."""
    thickness = max(2, round(min(picture.shape[:2]) * THICKNESS))
    for number, color in enumerate(colors, 1):
        own = (instances == number).view(np.uint8)
        contours, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, contours, -1, color, thickness, cv2.LINE_AA)
