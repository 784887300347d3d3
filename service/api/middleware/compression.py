"""Compression of answers, for clients that take it."""

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

HEADER: Final = "accept-encoding"


class Compression(GZipMiddleware):
    """Starlette's, which takes gzip to be wanted wherever it is named; with a weight of 0 it is refused (RFC 9110)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, without the header if that refuses gzip."""
        if scope["type"] == "http" and refuses_gzip(Headers(scope=scope).get(HEADER)):
            headers = [header for header in scope["headers"] if header[0] != HEADER.encode()]
            scope = {**scope, "headers": headers}
        await super().__call__(scope, receive, send)


def refuses_gzip(accept_encoding: str | None) -> bool:
    """Whether a header names gzip with the weight 0."""
    if accept_encoding is None or "=" not in accept_encoding:
        return False
    for item in accept_encoding.lower().split(","):
        name, *parameters = (piece.strip() for piece in item.split(";"))
        if name in ("gzip", "x-gzip") and any(_is_zero(parameter) for parameter in parameters):
            return True
    return False


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().strip("0") in ("", ".")
