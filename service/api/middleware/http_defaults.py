"""What browsers and other web clients take for granted: calls from other origins, HEAD, OPTIONS, compression."""

from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.middleware import request_id

EXPOSED: Final = ("ETag", "Retry-After", "Server-Timing", request_id.HEADER)
"""Headers of answers that scripts of other origins may read."""
ALLOWED: Final = ("Authorization", "If-None-Match", "X-API-Key", request_id.HEADER, "X-Request-Timeout-Ms")
"""Headers that scripts of other origins may send, beside those that any page may."""
GZIP_FROM: Final = 1000
"""Bytes from which an answer is compressed; a smaller one fits into a packet as it is."""
GZIP_LEVEL: Final = 5


class HeadAsGet:
    """ASGI middleware: HEAD is answered as GET is; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, as a GET if it is a HEAD."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def http_defaults(app: FastAPI, cors_origins: Sequence[str]) -> None:
    """Compresses answers but pictures, answers HEAD, and lets pages of these origins (“*”: all) call the service.

    Pages may send their users' credentials only if their origin is named: “*” would let any page act for anybody.
    """
    app.add_middleware(HeadAsGet)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM, compresslevel=GZIP_LEVEL)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_credentials="*" not in cors_origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
        )
