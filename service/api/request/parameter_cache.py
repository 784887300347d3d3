"""Questions that have been asked before are not read again.

FastAPI reads a call's parameters by their declarations anew for each request, on the event loop. But most clients ask
one question of many photos.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Final, NamedTuple

from fastapi import Request, Response
from fastapi.routing import APIRoute

QUESTIONS: Final = 256
"""How many a route remembers; the one that was asked longest ago is forgotten first."""
LONGEST: Final = 2048
"""Bytes of a question that is remembered."""
HEADERS: Final = frozenset({b"accept", b"if-none-match", b"x-request-timeout-ms", b"authorization", b"x-api-key"})
"""The headers that a call's parameters, and the guard before it, are read from."""

Endpoint = Callable[..., Awaitable[Response]]


class Question(NamedTuple):
    """The texts that a request's parameters are read from; the same texts mean the same."""

    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def size(self) -> int:
        """Bytes that remembering it takes."""
        return len(self.query) + sum(len(value) for _, value in self.headers)


def question(request: Request) -> Question:
    """What a request asks of whatever photo its body holds."""
    headers = tuple(header for header in request.scope["headers"] if header[0] in HEADERS)
    return Question(request.scope["query_string"], headers)


class CachedParametersRoute(APIRoute):
    """A route of a call with the parameter ``request`` and others from the query and :data:`HEADERS`.

    What it depends on must follow from these alone, too. Only what was read without a fault is remembered.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        self._endpoint = endpoint
        self._read: OrderedDict[Question, dict[str, Any]] = OrderedDict()

        @wraps(endpoint)
        async def first(request: Request, **values: Any) -> Response:
            self._remember(question(request), values)
            return await endpoint(request=request, **values)

        super().__init__(path, first, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Answers questions that are known without FastAPI's reading."""
        read = super().get_route_handler()

        async def answer(request: Request) -> Response:
            asked = question(request)
            values = self._read.get(asked)
            if values is None:
                return await read(request)
            self._read.move_to_end(asked)
            return await self._endpoint(request=request, **values)

        return answer

    def _remember(self, asked: Question, values: dict[str, Any]) -> None:
        if asked.size <= LONGEST:
            self._read[asked] = values
            if len(self._read) > QUESTIONS:
                self._read.popitem(last=False)
