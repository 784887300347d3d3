"""Requests to the service, one for each call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from jppnet.photo import Photo, photo_bytes

Call = Literal["parse", "pose", "analyze"]
Labels = Sequence[str | int]
Boxes = Sequence[tuple[float, float, float, float]]
"""x and y of the top-left corner, width and height, in pixels of the upright photo; a person each."""
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
    """The request for a photo's answer; what is None is left to the service. Raises as :func:`photo_bytes` does."""
    wishes = {
        "format": format,
        "labels": None if labels is None else ",".join(map(str, labels)),
        "people": people,
        "opacity": opacity,
        "mask": mask,
        "image_id": image_id,
    }
    parameters = [(name, str(value)) for name, value in wishes.items() if value is not None]
    parameters += [("box", ",".join(f"{side:g}" for side in box)) for box in boxes or ()]
    headers = {"Content-Type": "application/octet-stream"} | ({"Accept": accept} if accept else {})
    return Request("POST", call, tuple(parameters), headers, photo_bytes(photo))
