"""A cache of parsed parameters: equal queries and headers are not parsed and validated again.

FastAPI does that for each request by the route's declarations, in the event loop, and most clients send the same
parameters with many photos.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Final, NamedTuple

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from fastapi.security.http import HTTPBase

MAX_ENTRIES: Final = 256
"""Entries of a route's cache; the least recently used one is dropped first."""
MAX_KEY_BYTES: Final = 2048
"""Longest query and headers that are cached."""

Endpoint = Callable[..., Awaitable[Response]]


class CacheKey(NamedTuple):
    """The texts that a request's parameters are parsed from; equal texts give equal parameters."""

    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def size(self) -> int:
        """Bytes of the texts."""
        return len(self.query) + sum(len(value) for _, value in self.headers)


class CachedParametersRoute(APIRoute):
    """A route whose endpoint takes ``request``, and other parameters from the query and headers alone.

    Its dependencies must follow from these alone, too. Only parameters that were valid are cached.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        self._endpoint = endpoint
        self._cache: OrderedDict[CacheKey, dict[str, Any]] = OrderedDict()

        @wraps(endpoint)
        async def parsed(request: Request, **values: Any) -> Response:
            self._store(self._key(request), values)
            return await endpoint(request=request, **values)

        super().__init__(path, parsed, **options)
        self.header_names = frozenset(header_names(self.dependant))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """A handler that calls the endpoint with cached parameters, and has FastAPI parse them if there are none."""
        parse = super().get_route_handler()

        async def handle(request: Request) -> Response:
            key = self._key(request)
            values = self._cache.get(key)
            if values is None:
                return await parse(request)
            self._cache.move_to_end(key)
            return await self._endpoint(request=request, **values)

        return handle

    def _key(self, request: Request) -> CacheKey:
        headers = tuple(header for header in request.scope["headers"] if header[0] in self.header_names)
        return CacheKey(request.scope["query_string"], headers)

    def _store(self, key: CacheKey, values: dict[str, Any]) -> None:
        if key.size <= MAX_KEY_BYTES:
            self._cache[key] = values
            if len(self._cache) > MAX_ENTRIES:
                self._cache.popitem(last=False)


def header_names(dependant: Dependant) -> Iterator[bytes]:
    """The headers that a route's parameters, dependencies and security schemes are read from, in lower case."""
    for parameter in dependant.header_params:
        yield parameter.alias.lower().encode("latin-1")
    match dependant.call:
        case APIKeyHeader() as scheme:
            yield scheme.model.name.lower().encode("latin-1")
        case HTTPBase():
            yield b"authorization"
    for dependency in dependant.dependencies:
        yield from header_names(dependency)
