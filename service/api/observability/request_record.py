"""The record of an answered request, which metrics and the request log are made of."""

from collections.abc import Callable
from dataclasses import dataclass

from service.engine.photo.timings import PhotoStats


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request whose answer has been sent."""

    request_id: str
    method: str
    route: str
    """The route's path, or “none”: clients could make up any number of paths that no route has."""
    status: int
    seconds: float
    """From the request's head to the end of its answer."""
    received: int
    """Bytes of the request's body that were read."""
    sent: int
    """Bytes of the answer's body, before compression."""
    problem: str | None
    """The problem's slug, if the answer is one."""
    stats: PhotoStats | None
    """What the photo's answer took, if one was answered."""


RequestListener = Callable[[RequestRecord], None]
