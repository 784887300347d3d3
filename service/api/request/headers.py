"""The headers that every call with a photo understands."""

from typing import Annotated, NamedTuple

from fastapi import Header


class RequestHeaders(NamedTuple):
    """The headers of a call with a photo, parsed."""

    accept: str | None
    if_none_match: str | None
    timeout_ms: int | None


async def read_request_headers(
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    if_none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            description="ETags of answers that the client has. If this one's is among them, 304 comes back and the "
            "photo is not run.",
            examples=['W/"0b66e5f7dd1f4e3c9c8dbb0d2c1c4a55"'],
        ),
    ] = None,
    timeout_ms: Annotated[
        int | None,
        Header(
            alias="X-Request-Timeout-Ms",
            ge=1,
            le=600_000,
            description="After this time the answer is of no use any more: the photo is not run, and 504 comes back.",
        ),
    ] = None,
) -> RequestHeaders:
    """Parses the headers of a request."""
    # Async, for FastAPI runs other functions in a thread, which takes longer than this does.
    return RequestHeaders(accept, if_none_match, timeout_ms)
