"""Gives every request an id, taken from the client where it sends one, and says it in the answer."""

import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-ID"
_USABLE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def usable_or_new(sent: str) -> str:
    """The id that a client sent, or a new one in place of what is none."""
    return sent if _USABLE.fullmatch(sent) else uuid.uuid4().hex


class RequestId:
    """ASGI middleware: ``request.state.request_id`` and the header ``X-Request-ID`` of the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = usable_or_new(Headers(scope=scope).get(HEADER, ""))
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, request_id)
            await send(message)

        await self._app(scope, receive, send_with_id)
