"""Draws answers over photos: the labels' colours, people's outlines, and skeletons. It needs nothing but numpy."""

import colorsys
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""(height, width, 3), RGB."""
Color = tuple[int, int, int]
Point = tuple[float, float]

BONE: Final = 1 / 120
OUTLINE: Final = 1 / 200
"""Thickness, as a share of the picture's shorter side; at least 2 pixels. As the service draws."""
DARK: Final = (0, 0, 0)
LIGHT: Final = (255, 255, 255)


def wheel(count: int) -> list[Color]:
    """So many bright colours, evenly around the colour wheel from red."""
    colors = (colorsys.hsv_to_rgb(index / count, 220 / 255, 1.0) for index in range(count))
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in colors]


def draw_labels(
    picture: Picture, mask: npt.NDArray[np.uint8], colors: Iterable[tuple[int, Color]], opacity: float
) -> None:
    """Lays colours over the pixels whose id in ``mask`` (height, width) they are given for; opacity 1 hides those."""
    for label, color in colors:
        inside = mask == label
        picture[inside] = np.rint((1 - opacity) * picture[inside] + opacity * np.array(color))


def draw_outlines(picture: Picture, instances: npt.NDArray[np.uint8], colors: Sequence[Color]) -> None:
    """Draws the outline of each person: of the pixels that are ``i + 1`` in ``instances``, in ``colors[i]``."""
    thickness = max(2, round(min(picture.shape[:2]) * OUTLINE))
    for number, color in enumerate(colors, 1):
        own = instances == number
        inner = own
        for _ in range(thickness):
            inner = _eroded(inner)
        picture[own & ~inner] = color


def draw_skeleton(
    picture: Picture, joints: Sequence[Point | None], bones: Sequence[tuple[int, int]], around: Color | None
) -> None:
    """Draws bones, each in a colour of its own, and the joints; those that are None were not seen.

    A dark line is around the bones, or a wider one in the colour ``around``.
    """
    thickness = max(2, round(min(picture.shape[:2]) * BONE))
    beyond = max(2, thickness // 2) if around else 1
    edge = around or DARK
    for (start, end), color in zip(bones, wheel(len(bones)), strict=True):
        first, last = joints[start], joints[end]
        if first and last:
            _draw_line(picture, first, last, thickness / 2 + beyond, edge)
            _draw_line(picture, first, last, thickness / 2, color)
    for joint in filter(None, joints):
        _draw_line(picture, joint, joint, thickness + beyond, edge)
        _draw_line(picture, joint, joint, thickness, LIGHT)


def shrunk(picture: Picture, side: int) -> Picture:
    """A picture with sides of at most so many pixels: shorter by a whole number of times, each pixel a mean."""
    times = -(-max(picture.shape[:2]) // side)
    if times == 1:
        return picture
    height, width = (max(times, length - length % times) for length in picture.shape[:2])
    whole = np.zeros((height, width, 3), np.uint8)
    part = picture[:height, :width]
    whole[: part.shape[0], : part.shape[1]] = part
    blocks = whole.reshape(height // times, times, width // times, times, 3)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3))), np.uint8)


def _eroded(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The pixels whose four neighbours are all inside; there is nothing inside beyond the border."""
    framed = np.pad(inside, 1)
    return inside & framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]


def _draw_line(picture: Picture, start: Point, end: Point, radius: float, color: Color) -> None:
    """A line with round ends and smooth borders, ``radius`` to each side."""
    height, width = picture.shape[:2]
    left, right = (int(edge) for edge in (min(start[0], end[0]) - radius - 1, max(start[0], end[0]) + radius + 2))
    top, bottom = (int(edge) for edge in (min(start[1], end[1]) - radius - 1, max(start[1], end[1]) + radius + 2))
    rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    y, x = np.ogrid[rows, columns]
    across, down = end[0] - start[0], end[1] - start[1]
    length = across**2 + down**2
    place = np.clip(((x - start[0]) * across + (y - start[1]) * down) / length, 0, 1) if length else 0.0
    distance = np.hypot(x - start[0] - place * across, y - start[1] - place * down)
    cover = np.clip(radius + 0.5 - distance, 0, 1)[..., None]
    area = picture[rows, columns]
    area[:] = np.rint((1 - cover) * area + cover * np.array(color))
