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
    client: str | None
    """The client's address; the last one before the trusted proxies, if there are any."""
    key: str | None
    """The mark of the API key that was sent: the first digits of its SHA-256. None where no key is needed, or sent."""
    model: str | None
    """The model that answered a photo: its name and version."""
    stats: PhotoStats | None
    """What the photo's answer took, if one was answered."""


RequestListener = Callable[[RequestRecord], None]
