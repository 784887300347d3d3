"""Errors that no handler knows, and requests that the end of the service cuts short, as problem documents."""

import asyncio
import logging
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems.responses import error_response, problem_response
from service.api.problems.types import INTERNAL_ERROR
from service.engine.errors import ClosedError

log = logging.getLogger(__name__)

CUT_SHORT: Final = "The service is shutting down, and there was no time left for this request. Send it again."


class UnexpectedErrors:
    """ASGI middleware: answers requests that end in an unexpected error.

    As an exception handler it would answer outside all other middleware. The answer would then lack the CORS headers,
    and a page of another origin could not read that the service failed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and answers if that fails before an answer has begun."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            # The server cancels what is still under way when the time to drain is up.
            await error_response(Request(scope), ClosedError(CUT_SHORT))(scope, receive, send)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            request = Request(scope)
            log.error("request %s failed: %r", request.state.request_id, error, exc_info=error)
            detail = "Something went wrong in the service. Its log says more, by request id."
            await problem_response(request, INTERNAL_ERROR, detail)(scope, receive, send)
