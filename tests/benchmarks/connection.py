"""One HTTP connection of the open-loop clients: raw bytes out, answers read by httptools."""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools


@dataclass(frozen=True, slots=True)
class Answer:
    """What of an answer is looked at."""

    status: int
    is_problem: bool
    """It is of the type application/problem+json."""
    has_retry_after: bool


class HungUpError(ConnectionError):
    """The connection ended before the answer did."""


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._headers: dict[bytes, bytes] = {}
        self._parser = httptools.HttpResponseParser(self)
        self.is_reusable = True

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Sends a request; the future raises :class:`HungUpError` if the server ends the connection."""
        self._answer = asyncio.get_running_loop().create_future()
        self._headers = {}
        if self._transport is None or self._transport.is_closing():
            self._answer.set_exception(HungUpError())
        else:
            self._transport.write(request)
        return self._answer

    def hang_up(self) -> None:
        """Ends the connection, whatever is under way."""
        self.is_reusable = False
        if self._answer is not None:
            self._answer.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection has ended."""
        self.is_reusable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(HungUpError())

    def data_received(self, data: bytes) -> None:
        """asyncio: a piece of an answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.hang_up()

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a header of the answer."""
        self._headers[name.lower()] = value

    def on_message_complete(self) -> None:
        """httptools: the answer is complete."""
        assert self._transport is not None
        # An answer may come before the photo is sent; what is left of the photo must not be taken for a request.
        self.is_reusable = self._parser.should_keep_alive() and not self._transport.get_write_buffer_size()
        answer = Answer(
            self._parser.get_status_code(),
            self._headers.get(b"content-type", b"").startswith(b"application/problem+json"),
            b"retry-after" in self._headers,
        )
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


class Connections:
    """Connections to one server, opened when none is idle."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()

    async def take(self) -> Connection:
        """A connection that carries nothing now."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable:
                return connection
            self._all.discard(connection)
        _, connection = await asyncio.get_running_loop().create_connection(Connection, *self._address)
        self._all.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """The connection is idle, or has ended."""
        if connection.is_reusable:
            self._idle.append(connection)
        else:
            connection.hang_up()
            self._all.discard(connection)

    def close(self) -> None:
        """Ends all connections."""
        for connection in self._all:
            connection.hang_up()


def post(photo: bytes, call: str = "/parse") -> bytes:
    """The request that posts a photo."""
    head = f"POST {call} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(photo)}\r\n\r\n"
    return head.encode() + photo
