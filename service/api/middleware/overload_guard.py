"""The door: when the service is full, a photo is refused before anything else is done for its request."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems.kinds import known_problem
from service.api.request.api_keys import ApiKeys, sent_key
from service.engine.engine import Engine
from service.engine.errors import DeviceError, OverloadError


class OverloadGuard:
    """ASGI middleware: refuses photos that the engine would not take, at a fraction of what an answer costs.

    Under overload most requests are refused, and what that costs is taken from the photos that are let in. Routes,
    parameters and exception handlers would double it. Whoever has no key is let through, for the guard behind says that
    one is needed.
    """

    def __init__(self, app: ASGIApp, engine: Engine, keys: ApiKeys, calls: APIRouter) -> None:
        """Stands before the calls of a router, each of which takes a photo."""
        self._app = app
        self._engine = engine
        self._keys = keys
        self._routes = {route.path: route for route in calls.routes if isinstance(route, APIRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or refuses it."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._routes:
            try:
                self._engine.check()
            except (OverloadError, DeviceError) as error:
                request = Request(scope)
                if self._keys.let_in(sent_key(request.headers)):
                    scope["route"] = self._routes[scope["path"]]
                    await known_problem(request, error)(scope, receive, send)
                    return
        await self._app(scope, receive, send)
