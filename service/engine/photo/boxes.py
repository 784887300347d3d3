"""Boxes of a request, and the crops of the photo around them."""

from collections.abc import Sequence
from math import ceil, floor
from typing import Final, NamedTuple

from service.imaging.box import Box
from service.imaging.errors import BoxesTooLargeError, BoxOutsideError

MARGIN: Final = 0.15
"""How much of the box's size the view reaches beyond it on each side: detectors' boxes cut off hands and feet, and the
model learnt from people with something around them."""

MAX_PIXELS_RATIO: Final = 4
"""How many times the largest photo's pixels the views of one request may have together. With the default of 64 MP,
boxes around 32 people may each take all of a photo of 8 MP, and a fifth of one of 40 MP."""


class RequestedBox(NamedTuple):
    """A box as a client gives it: top-left corner and size in pixels of the upright photo, fractions allowed."""

    x: float
    y: float
    width: float
    height: float


def crop_boxes(boxes: Sequence[RequestedBox], width: int, height: int) -> list[Box]:
    """The crops of a photo of ``width``×``height``: each box with a margin, or the whole photo without boxes.

    Raises:
        BoxOutsideError: a box has nothing of the photo in it.
    """
    if not boxes:
        return [Box(0, 0, width, height)]
    return [_view_of(number, box, width, height) for number, box in enumerate(boxes, 1)]


def check_total_size(views: Sequence[Box], max_pixels: int) -> None:
    """Raises :class:`BoxesTooLargeError` if the crops of one request have too many pixels together: more than
    :data:`MAX_PIXELS_RATIO` times ``max_pixels``, the pixels of the largest photo that is accepted."""
    pixels = sum(view.width * view.height for view in views)
    if pixels > MAX_PIXELS_RATIO * max_pixels:
        raise BoxesTooLargeError(
            f"The boxes with their surroundings have {pixels:,} pixels in all; one call takes at most "
            f"{MAX_PIXELS_RATIO * max_pixels:,}. Send fewer boxes in a call, or a smaller photo."
        )


def fitting(views: Sequence[Box], max_pixels: int) -> int:
    """How many of the crops, from the first on, pass :func:`check_total_size`; one at least."""
    pixels = 0
    for count, view in enumerate(views):
        pixels += view.width * view.height
        if pixels > MAX_PIXELS_RATIO * max_pixels:
            return max(1, count)
    return len(views)


def with_margin(box: Box, width: int, height: int, margin: float = MARGIN) -> Box:
    """A box with a margin around it, a share of its size on each side, within a photo of ``width``×``height``."""
    return box.grown(round(margin * box.width), round(margin * box.height)).within(width, height)


def _view_of(number: int, asked: RequestedBox, width: int, height: int) -> Box:
    left, top = floor(asked.x), floor(asked.y)
    box = Box(left, top, ceil(asked.x + asked.width) - left, ceil(asked.y + asked.height) - top)
    if 0 in box.within(width, height)[2:]:
        raise BoxOutsideError(
            f"Box {number} ({', '.join(f'{side:g}' for side in asked)}) lies outside the photo, which is "
            f"{width}×{height} pixels. A box is x, y, width, height in pixels of the upright photo."
        )
    return with_margin(box, width, height)
