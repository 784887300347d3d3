"""Reads what came back as an answer, whatever it is: a proxy's page, half an answer, another service's."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx

from jppnet.problem import ProblemError

Read = TypeVar("Read")

PICTURES: Final = {
    # media type → how its files begin and end
    "image/png": (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"),
    "image/jpeg": (b"\xff\xd8", b"\xff\xd9"),
}


def read_json(response: httpx.Response, read: Callable[[Any], Read]) -> Read:
    """What a function makes of an answer's JSON.

    Raises:
        ProblemError: the answer is not what the service gives.
    """
    try:
        return read(response.json())
    except Exception as error:  # it comes from outside: every way in which it can be wrong is one and the same
        raise ProblemError.unreadable(response) from error


def read_bytes(response: httpx.Response, accept: str | None) -> bytes:
    """A whole answer of a type that the service gives, and of the one that was asked for.

    Raises:
        ProblemError: it is another's answer, or it is cut off.
    """
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    content = response.content
    if media_type == "application/json":
        read_json(response, lambda answer: answer)
    elif media_type in PICTURES:
        begin, end = PICTURES[media_type]
        if not (content.startswith(begin) and content.endswith(end)):
            raise ProblemError.unreadable(response)
    known = {"application/json", *PICTURES}
    if media_type not in known or (accept in known and accept != media_type):
        raise ProblemError.unreadable(response)
    return content
