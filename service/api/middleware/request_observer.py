"""What became of each request, for those who keep account of it: metrics and the log."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.engine.photo.timings import Timings


@dataclass(frozen=True, slots=True)
class Answered:
    """A request whose answer has been sent."""

    request_id: str
    method: str
    route: str
    """The route's path, or “none”: of the paths that no route has, clients could make up any number."""
    status: int
    seconds: float
    """From the request's head to the end of its answer."""
    received: int
    """Bytes of the request's body that were read."""
    sent: int
    """Bytes of the answer's body, before compression."""
    problem: str | None
    """The problem's name, if the answer is one."""
    timings: Timings | None
    """Where the photo's time went, if one was answered."""


Listener = Callable[[Answered], None]


class RequestObserver:
    """ASGI middleware: tells listeners of each request that has been answered."""

    def __init__(self, app: ASGIApp, listeners: Sequence[Listener]) -> None:
        self._app = app
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and watches it."""
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
        state, route = scope["state"], scope.get("route")
        answered = Answered(
            state["request_id"], scope["method"], route.path if route else "none", status, seconds, received, sent,
            state.get("problem"), state.get("timings"),
        )  # fmt: skip
        for listener in self._listeners:
            listener(answered)
