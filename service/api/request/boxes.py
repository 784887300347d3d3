"""Boxes in a query: ``box=x,y,w,h``, one parameter per person."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Final

from service.api.problems.errors import InvalidBoxError
from service.api.problems.quoting import quoted
from service.engine.photo.boxes import RequestedBox

MAX_BOXES: Final = 32
"""In one call. Each costs a run of the model."""
FARTHEST: Final = 1e6
"""No photo reaches this far; larger numbers are a mistake."""
NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""Python takes more for a number: 1_0, and the digits of other scripts."""


def read_boxes(texts: Sequence[str] | None) -> tuple[RequestedBox, ...]:
    """The boxes of a query, in their order.

    Raises:
        InvalidBoxError: there are too many, or one is not four numbers of which the last two are above 0, or is in
            shares of the photo.
    """
    if texts and len(texts) > MAX_BOXES:
        raise InvalidBoxError(
            f"There are {len(texts)} boxes; one call takes at most {MAX_BOXES}. Send the rest in more."
        )
    return tuple(_read_box(text) for text in texts or ())


def _read_box(text: str) -> RequestedBox:
    sides = [side.strip() for side in text.split(",")]
    box = RequestedBox(*map(float, sides)) if len(sides) == 4 and all(map(NUMBER.fullmatch, sides)) else None
    if box is None or not all(isfinite(side) and abs(side) < FARTHEST for side in box) or min(box[2:]) <= 0:
        raise InvalidBoxError(
            f"{quoted(text)} is no box. A box is box=x,y,w,h: its top-left corner, width and height in pixels of the "
            "upright photo, width and height above 0, like box=112,40,236,771."
        )
    if max(map(abs, box)) <= 1:
        raise InvalidBoxError(
            f"{quoted(text)} is at most a pixel. A box is in pixels of the upright photo: multiply shares by its width "
            "and height."
        )
    return box
