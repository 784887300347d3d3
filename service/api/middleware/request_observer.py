"""Observes requests and their answers."""

import time
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.observability.request_record import RequestListener, RequestRecord
from service.api.request.api_keys import ApiKeys


class RequestObserver:
    """ASGI middleware: calls listeners with the record of each answered request."""

    def __init__(self, app: ASGIApp, listeners: Sequence[RequestListener], keys: ApiKeys) -> None:
        self._app = app
        self._keys = keys
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and records what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = received = sent = 0

        async def watched_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def watched_send(message: Message) -> None:
            nonlocal status, sent
            status = message.get("status", status)
            sent += len(message.get("body", b""))
            await send(message)

        await self._app(scope, watched_receive, watched_send)
        seconds = time.perf_counter() - began
        state, route, client = scope["state"], scope.get("route"), scope.get("client")
        record = RequestRecord(
            state["request_id"], scope["method"], route.path if route else "none", status, seconds, received, sent,
            state.get("problem"), client[0] if client else None, self._keys.mark(Headers(scope=scope)),
            state.get("model"), state.get("stats"),
        )  # fmt: skip
        for listener in self._listeners:
            listener(record)
