"""HTTP features that browsers, proxies and other clients expect: CORS, HEAD, compression,
forwarded addresses."""

import re
from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.api.request import request_id

EXPOSED: Final = ("ETag", "Retry-After", "Server-Timing", request_id.HEADER)
"""Headers of answers that scripts of other origins may read."""
ALLOWED: Final = (
    "Authorization", "If-None-Match", "X-API-Key", request_id.HEADER, "X-Request-Timeout-Ms",
    "baggage", "sentry-trace", "traceparent", "tracestate",  # what a page that is traced adds to its calls
)  # fmt: skip
"""Headers that scripts of other origins may send, beside those that any page may."""
GZIP_FROM: Final = 1000
"""Bytes from which an answer is compressed; a smaller one fits into a packet as it is."""
GZIP_LEVEL: Final = 5
NOT_GZIPPED: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")
"""Media types that are sent as they are. Of a model file little would be saved, and its length would not be known."""


class HeadAsGet:
    """ASGI middleware: HEAD is answered as GET is; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, as a GET if it is a HEAD."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def cors(origins: Sequence[str]) -> list[Middleware]:
    """The middleware that lets pages of these origins call the service; none without origins.

    “*” is all origins, and “https://*.example.com” all subdomains. Pages may send their users' credentials only if
    their origin is named: “*”, and “null”, which any page in a sandbox has, would let any page act for any user.
    """
    if not origins:
        return []
    subdomains = [_subdomains(origin) for origin in origins if "*." in origin]
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_origin_regex="|".join(subdomains) or None,
            allow_credentials=not {"*", "null"} & set(origins),
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
        )
    ]


def trusted(proxies: Sequence[str]) -> list[Middleware]:
    """The middleware that takes the client's address from the headers of these proxies; none without proxies."""
    return [Middleware(ProxyHeadersMiddleware, trusted_hosts=list(proxies))] if proxies else []


def _subdomains(origin: str) -> str:
    """The regular expression of an origin whose host begins with “*.”: one label or several in its place."""
    scheme, _, host = origin.partition("*.")
    return rf"{re.escape(scheme)}([a-z0-9-]+\.)+{re.escape(host)}"
