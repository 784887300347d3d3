"""An HTTP/1.1 connection: uvicorn's, with limits on what a client may send and how long it may take.

uvicorn's own does not limit the size of a request's head, pipelined requests or the time for reading an answer. It
answers invalid HTTP in plain text. It treats a client that has shut down its sending side as disconnected.
"""

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.api.connection.connections import Connections, Stage
from service.api.problems.responses import MEDIA_TYPE, problem_json
from service.api.problems.types import (
    HEAD_TOO_LARGE,
    HEAD_TOO_SLOW,
    INVALID_HTTP,
    TOO_MANY_CONNECTIONS,
    ProblemType,
)
from service.api.request.request_id import usable_or_new

HEALTH_CHECKS: Final = frozenset({b"/livez", b"/readyz"})
"""Paths that connections of the reserve may request."""
MAX_HEADERS: Final = 128
"""Maximum number of headers and trailers of a request."""
MAX_PIPELINED: Final = 16
"""Maximum number of requests that wait for the answer to an earlier one. Further ones are dropped, and the connection
is closed after the answers."""
CHUNK: Final = 8
"""Minimum bytes of a chunked body for each byte of chunk framing; framing up to twice the maximum head is free. Each
chunk takes the event loop some microseconds, whatever its size: 20 MB in chunks of one byte would delay others."""
NO_PLACE: Final = "The service has reached its limit of connections. Try again in 1 s."
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""An interim answer, which every client ignores."""
PROBE_AGAIN: Final = 0.1
"""Seconds from the first probe to the second of a client that has shut down its sending side."""


class _TooManyHeadersError(ValueError):
    """A request has more than ``MAX_HEADERS`` headers."""


class _TooManyPipelinedError(ValueError):
    """More than ``MAX_PIPELINED`` requests wait on a connection."""


class _NoPlaceError(ValueError):
    """The connection is in the reserve, and the request is not a health check."""


class HttpConnection(HttpToolsProtocol):
    """An HTTP/1.1 connection that is registered with its server's :class:`Connections`."""

    def __init__(self, connections: Connections, **options: Any) -> None:
        """``options`` are uvicorn's."""
        super().__init__(**options)
        self._connections = connections
        self._limits = connections.limits
        self.stage, self.since, self.unread_mark = Stage.NEW, 0.0, 0
        self.is_reserve = False
        self._is_in_message = self._is_in_head = False
        self._discards = False
        """Whether further input is ignored."""
        self._is_half_closed = False
        self._running: RequestResponseCycle | None = None
        """The request that is being answered, or the last one that was; uvicorn's ``cycle`` is the last received."""
        self._messages = 0
        self._head_bytes = self._body_bytes = self._framing_bytes = self._pipelined = 0

    @property
    def unread(self) -> int:
        """Bytes of answers that the client has not read yet."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Registers the connection, or refuses it."""
        super().connection_made(transport)
        if not self._connections.add(self):
            self.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection."""
        self._connections.remove(self)
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser; refuses a head that is too large before the parser gets all of it."""
        while data and not self._discards:
            room = self._limits.head_bytes - self._head_bytes
            if self._is_in_message and not self._is_in_head:
                self._feed(data)
                data = b""
            elif room > 0:
                self._head_bytes += min(room, len(data))
                self._feed(data[:room])
                data = data[room:]
            else:
                kilobytes = self._limits.head_bytes // 1000
                self._refuse(
                    HEAD_TOO_LARGE,
                    f"The request's head is larger than {kilobytes} kB. Send fewer or shorter headers and parameters.",
                )
        self._update_stage()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Handles the end of input: the client shut down its sending side, or disconnected.

        Complete requests are still answered. An incomplete one is refused.
        """
        if self._is_half_closed or self._discards:
            return self._is_pending()
        self._is_half_closed = True
        if self._is_in_message and not self._is_pending_earlier():
            self._refuse(INVALID_HTTP, "The request is incomplete: the client ended it early. Send all of it.")
        elif self._is_pending() and self.scope["http_version"] == "1.1":
            self._end_after_answers()
            self._probe()
            self.loop.call_later(PROBE_AGAIN, self._probe)
            return True
        return None

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        super().pause_writing()
        self._update_stage()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        self._update_stage()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Called at a request's first byte."""
        if self._is_pending():
            self._pipelined += 1
            if self._pipelined > MAX_PIPELINED:
                raise _TooManyPipelinedError
        else:
            self._pipelined = 0
        super().on_message_begin()
        self._messages += 1
        self._is_in_message = self._is_in_head = True
        self._body_bytes = self._framing_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called for each header and trailer."""
        if len(self.headers) >= MAX_HEADERS:
            raise _TooManyHeadersError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Called when a request's head is complete."""
        if self.is_reserve and self.url.partition(b"?")[0] not in HEALTH_CHECKS:
            raise _NoPlaceError
        super().on_headers_complete()
        self._is_in_head, self._head_bytes = False, 0
        if self.is_reserve:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Called for each part of a request's body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called when a request is complete."""
        super().on_message_complete()
        self._is_in_message = False

    def on_response_complete(self) -> None:
        """Called when an answer has been written to the transport."""
        super().on_response_complete()
        self._update_stage()

    # What the server calls.

    def is_late(self) -> None:
        """Ends the connection because its time in this stage is over."""
        match self.stage:
            case Stage.IDLE if self.unread:
                self._connections.move(self, Stage.READING)
            case Stage.IDLE | Stage.NEW:
                self.transport.close()
            case Stage.HEAD:
                seconds = f"{self._limits.head_seconds:g}"
                self._refuse(HEAD_TOO_SLOW, f"The request's head did not arrive within {seconds} s.")
            case Stage.REFUSED:
                self.drop()
            case Stage.READING:
                self._connections.tell("answer-unread", "a client did not read its answer in time")
                self.drop()
            case _:
                self._connections.tell("body-too-slow", "a request's body did not arrive in time")
                self.drop()

    def make_room(self) -> None:
        """Ends the connection at once to make room for another one."""
        if self.unread or self.stage is Stage.REFUSED:
            self.drop()
            return
        if self._can_be_refused() and (self._is_in_message or self.is_reserve):
            self._write_problem(TOO_MANY_CONNECTIONS, NO_PLACE)
        self._discards = True
        self._disconnect()
        self.transport.close()

    def drop(self) -> None:
        """Closes the connection without an answer."""
        self._discards = True
        self._disconnect()
        self.transport.abort()

    # What uvicorn calls for invalid HTTP.

    def send_400_response(self, msg: str) -> None:
        """Answers a request that is not valid HTTP with a problem."""
        self._refuse(INVALID_HTTP, "The request is not valid HTTP/1.1. Check the bytes that your program sends.")

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        body, message = self._body_bytes, self._messages if not self._is_in_head else None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._refuse_for(error.__context__)
        except httptools.HttpParserError:
            self.send_400_response("")
        except httptools.HttpParserUpgrade:
            # The upgrade is ignored and the request answered. What follows need not be HTTP.
            self._end_after_answers()
        if self._is_in_message and self._messages == message:
            self._framing_bytes += len(data) - (self._body_bytes - body)
            if self._framing_bytes > 2 * self._limits.head_bytes + self._body_bytes // CHUNK:
                detail = "The body is sent in too many small chunks. Send it in chunks of some kilobytes."
                self._refuse(INVALID_HTTP, detail)

    def _refuse_for(self, error: BaseException | None) -> None:
        match error:
            case _TooManyPipelinedError():
                self._end_after_answers()
            case _TooManyHeadersError():
                self._refuse(HEAD_TOO_LARGE, f"The request has more than {MAX_HEADERS} headers. Send fewer.")
            case _NoPlaceError():
                self._refuse(TOO_MANY_CONNECTIONS, NO_PLACE)
            case _:
                self.send_400_response("")

    def _refuse(self, problem_type: ProblemType, detail: str) -> None:
        """Answers the request that is being received with a problem, and ends the connection.

        If earlier requests are still to be answered, or this one's answer has begun, no problem is written.
        """
        if self._discards or self.transport.is_closing():
            return
        self._connections.tell(problem_type.slug, f"a request was refused: {detail}")
        if self._is_pending_earlier():
            self._end_after_answers()
        elif not self._can_be_refused():
            self.drop()
        else:
            self._write_problem(problem_type, detail)
            self._disconnect()
            self._discards = True
            self._unset_keepalive_if_required()
            self.flow.resume_reading()
            self._connections.move(self, Stage.REFUSED)
            if not self._is_half_closed:
                # Closing a socket with unread input resets the connection, and the client would lose the answer.
                self.transport.write_eof()

    def _end_after_answers(self) -> None:
        """Ignores further input, and closes the connection after the answers that are due."""
        self._discards = True
        if self._is_pending():
            self.cycle.keep_alive = False
        else:
            self.transport.close()

    def _write_problem(self, problem_type: ProblemType, detail: str) -> None:
        sent = next((value for name, value in self.headers or () if name == b"x-request-id"), b"")
        name = usable_or_new(sent.decode("latin-1"))
        body = problem_json(problem_type, detail, name)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", name.encode()),
            (b"connection", b"close"),
        ]
        if problem_type.status == 503:
            headers.append((b"retry-after", b"1"))
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[problem_type.status] + lines + b"\r\n" + body)

    def _disconnect(self) -> None:
        """Tells the application that the client has disconnected."""
        for cycle in {self._running, *(waiting for waiting, _ in self.pipeline)}:
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def _probe(self) -> None:
        """Writes an interim answer to learn whether a client that ended its input still waits.

        If it has closed its socket, its system answers with a reset, and ``connection_lost`` is called.
        """
        if self._running is None or self._running.response_started or self.transport.is_closing():
            return
        self.transport.write(CONTINUE)

    def _is_pending(self) -> bool:
        """Whether a request whose head is complete is still to be answered."""
        return self._running is not None and not self._running.response_complete

    def _is_pending_earlier(self) -> bool:
        """Whether a complete request before the one that is being received is still to be answered."""
        is_this = self._is_in_message and not self._is_in_head and self._running is self.cycle
        return self._is_pending() and not is_this

    def _can_be_refused(self) -> bool:
        """Whether a client would take a problem for the answer to the request that is being received."""
        if self._is_in_message and not self._is_in_head:
            return self._running is self.cycle and not self.cycle.response_started
        return not self._is_pending()

    def _update_stage(self) -> None:
        if self.stage is Stage.REFUSED:
            return
        stage = self._stage_now()
        if stage is not self.stage:
            self._connections.move(self, stage)

    def _stage_now(self) -> Stage:
        if self.flow.write_paused:
            return Stage.READING
        if self._is_pending_earlier():
            return Stage.SERVICE
        if self._is_in_message:
            return Stage.HEAD if self._is_in_head else Stage.BODY
        return Stage.IDLE if self._messages else Stage.NEW
