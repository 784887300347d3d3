"""Overload protection: while the engine is full, photos are refused before anything else is done for their requests."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems.responses import error_response
from service.api.request.api_keys import ApiKeys, sent_key
from service.engine.engine import Engine
from service.engine.errors import DeviceError, OverloadError
from service.engine.served_engine import ServedEngine


class OverloadGuard:
    """ASGI middleware: refuses photos that the engine would refuse, at a fraction of the cost of an answer.

    Under overload most requests are refused, and the CPU time of that is taken from the photos that are admitted.
    Routing, parameters and exception handlers would double it. A request without a valid key is passed on: the
    route's guard answers that it needs one. A photo holds the engine from here to its answer, so that
    it sees one model, whichever takes the requests meanwhile.
    """

    def __init__(self, app: ASGIApp, served: ServedEngine, keys: ApiKeys, routes: APIRouter) -> None:
        """Guards the routes of a router, each of which takes a photo."""
        self._app = app
        self._served = served
        self._keys = keys
        self._routes = {route.path: route for route in routes.routes if isinstance(route, APIRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it with 503."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._routes:
            with self._served.hold() as engine:
                await self._answer(engine, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, engine: Engine, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            engine.check()
        except (OverloadError, DeviceError) as error:
            request = Request(scope)
            if self._keys.accept(sent_key(request.headers)):
                scope["route"] = self._routes[scope["path"]]
                await error_response(request, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
