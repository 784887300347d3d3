"""Lingering close: an early answer is not lost because the client is still sending (nginx's ``lingering_close``)."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = 2.0
"""Longest time that the rest of a body is read and discarded."""


class Lingering:
    """ASGI middleware: after an early answer, reads and discards the rest of the request's body.

    It does what nginx's ``lingering_close`` does. Otherwise the connection of a client that sends ``Connection: close``
    would be closed with unread bytes; the system then resets it, and the client, still sending, loses the answer. This
    middleware must be outside of compression, which would hold the answer back.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; after an early answer, discards the rest of its body for some seconds."""

        async def lingering(message: Message) -> None:
            if message["type"] != "http.response.body" or message.get("more_body") or not _is_early(scope):
                await send(message)
                return
            await send({**message, "more_body": True})
            await _throw_away(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, receive, lingering if scope["type"] == "http" else send)


def _is_early(scope: Scope) -> bool:
    """Whether a request is being answered before its body was read."""
    state = scope["state"]
    return "problem" in state and "body_is_read" not in state and scope["method"] == "POST"


async def _throw_away(receive: Receive) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while (await receive()).get("more_body"):
                pass
    except TimeoutError:
        pass
