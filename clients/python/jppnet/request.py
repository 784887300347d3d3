"""Requests to the service, one for each call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jppnet.photo import Photo, photo_bytes

Call = Literal["parse", "pose", "analyze"]
Labels = str | int | Sequence[str | int]
"""Labels by name, id or synonym: one, several in a list, or several in a text with commas between."""
Boxes = Sequence[Sequence[float]] | npt.NDArray[Any]
"""x and y of the top-left corner, width and height, in pixels of the upright photo; a person each. A list, or an array
(people, 4). None of them is the same as no boxes."""
People = Literal["auto", "one"] | int
"""Who is looked for: everybody, the one person that the photo is of, or at most so many, the surest."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request without address, key and time limit, which the client adds."""

    method: Literal["GET", "POST"]
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    photo: bytes | None = None


def photo_request(
    call: Call,
    photo: Photo,
    format: str,
    *,
    labels: Labels | None = None,
    boxes: Boxes | None = None,
    people: People | None = None,
    opacity: float | None = None,
    mask: Literal["png", "rle"] | None = None,
    image_id: int | None = None,
    accept: str | None = None,
) -> Request:
    """The request for a photo's answer; what is None is left to the service.

    Raises:
        OSError, TypeError, ValueError: see :func:`photo_bytes` and :func:`box_texts`.
    """
    wishes = {
        "format": format,
        "labels": None if labels is None else label_text(labels),
        "people": people,
        "opacity": opacity,
        "mask": mask,
        "image_id": image_id,
    }
    parameters = [(name, str(value)) for name, value in wishes.items() if value is not None]
    parameters += [("box", text) for text in box_texts(boxes)]
    headers = {"Content-Type": "application/octet-stream"} | ({"Accept": accept} if accept else {})
    return Request("POST", call, tuple(parameters), headers, photo_bytes(photo))


def label_text(labels: Labels) -> str:
    """Labels as the service's parameter ``labels`` has them."""
    return str(labels) if isinstance(labels, str | int) else ",".join(map(str, labels))


def box_texts(boxes: Boxes | None) -> list[str]:
    """Boxes as the service's parameters ``box`` have them.

    Raises:
        ValueError: these are no boxes.
    """
    if boxes is None or len(boxes) == 0:
        return []
    try:
        sides = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        sides = np.empty(0)
    if sides.ndim != 2 or sides.shape[1] != 4:
        raise ValueError(
            f"{boxes!r:.200} are no boxes. Each is four numbers, x, y, width and height: boxes=[(112, 40, 236, 771)], "
            "or an array of the shape (people, 4)."
        )
    return [",".join(f"{side:.12g}" for side in box) for box in sides.tolist()]
