"""Draws a person's skeleton into a picture."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.imaging.decode import Image
from service.imaging.png import Color

THICKNESS: Final = 1 / 120
"""Of a bone, as a share of the picture's shorter side."""
FRACTION_BITS: Final = 4
"""OpenCV draws at sixteenths of a pixel."""
OUTLINE: Final[Color] = (0, 0, 0)
JOINT: Final = (255, 255, 255)


def draw_skeleton(
    picture: Image,
    joints: npt.NDArray[np.float64],
    bones: Sequence[tuple[int, int]],
    visible: npt.NDArray[np.bool_],
    outline: Color | None = None,
) -> None:
    """Draws joints (J, 2; x and y in pixels) and the bones between them into a picture (height, width, 3), RGB.

    Joints that are not ``visible`` (J,) are left out, and so are their bones. Every bone has a colour of its own on a
    dark outline, so that it stands out from any photo; or on a wide one in the colour ``outline``.
    """
    thickness = max(2, round(min(picture.shape[:2]) * THICKNESS))
    color_around, beyond = (outline, max(2, thickness // 2)) if outline else (OUTLINE, 1)
    points = [(round(x), round(y)) for x, y in (joints * 2**FRACTION_BITS).tolist()]
    for (start, end), color in zip(bones, bone_colors(len(bones)), strict=True):
        if visible[start] and visible[end]:
            for width, paint in ((thickness + 2 * beyond, color_around), (thickness, color)):
                cv2.line(picture, points[start], points[end], paint, width, cv2.LINE_AA, FRACTION_BITS)
    radius = thickness * 2**FRACTION_BITS
    for point in (point for point, is_seen in zip(points, visible, strict=True) if is_seen):
        for size, paint in ((radius + beyond * 2**FRACTION_BITS, color_around), (radius, JOINT)):
            cv2.circle(picture, point, size, paint, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)


def bone_colors(count: int) -> list[Color]:
    """Bright colours, evenly around the colour wheel."""
    wheel = np.array([[[180 * index // max(1, count), 220, 255] for index in range(count)]], np.uint8)
    return [(int(r), int(g), int(b)) for r, g, b in cv2.cvtColor(wheel, cv2.COLOR_HSV2RGB)[0]] if count else []
