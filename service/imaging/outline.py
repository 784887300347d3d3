"""Draws outlines around people into a picture."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from service.imaging.decode import Image
from service.imaging.label_boxes import label_boxes
from service.imaging.png import Color

THICKNESS: Final = 1 / 200
"""Of an outline, as a share of the picture's shorter side."""


def draw_outlines(picture: Image, instances: Image, colors: Sequence[Color]) -> None:
    """Draws the outline of each person into a picture (height, width, 3), RGB: of the pixels that are ``i + 1`` in
    ``instances`` (height, width), in ``colors[i]``."""
    thickness = max(2, round(min(picture.shape[:2]) * THICKNESS))
    counts = cv2.calcHist([instances], [0], None, [256], [0, 256]).ravel()
    present = [number for number in range(1, len(colors) + 1) if counts[number]]
    for number, box in zip(present, label_boxes(instances, present), strict=True):
        own = (instances[box.area] == number).view(np.uint8)
        contours, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(box.x, box.y))
        color = colors[number - 1]
        cv2.drawContours(picture, contours, -1, color, thickness, cv2.LINE_AA)
