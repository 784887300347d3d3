"""An HTTP/1.1 connection: uvicorn's, with limits on what a client may send and how long it may take.

uvicorn's own has none on a request's head, pipelined requests or an answer that is not read, answers what is no HTTP
in plain text, and takes a client that has only ended its sending for one that is gone.
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
"""What connections of the reserve may ask."""
MAX_HEADERS: Final = 128
"""Headers and trailers of a request."""
MAX_PIPELINED: Final = 16
"""Requests that are sent before the answer to an earlier one; further ones are dropped, and the connection is closed
after the answers."""
CHUNK: Final = 8
"""Bytes of a body that there must be for each byte of its chunks' framing, beyond two heads' worth. Each chunk takes
the event loop some microseconds, however little is in it: 20 MB in chunks of one byte would keep others waiting."""
NO_PLACE: Final = "The service has as many connections as it can have. Try again in 1 s."
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""An interim answer, which every client passes over."""
PROBE_AGAIN: Final = 0.1
"""Seconds after which a client that has ended its sending is asked for the second time whether it is still there."""


class _TooManyHeadersError(ValueError):
    """A request has more headers than it may."""


class _TooManyPipelinedError(ValueError):
    """More requests wait on a connection than may."""


class _NoPlaceError(ValueError):
    """The connection is one of the reserve, and the request no health check."""


class HttpConnection(HttpToolsProtocol):
    """A connection that one of a server's :class:`Connections` knows."""

    def __init__(self, connections: Connections, **options: Any) -> None:
        """``options`` are uvicorn's."""
        super().__init__(**options)
        self._connections = connections
        self._limits = connections.limits
        self.stage, self.since, self.unread_mark = Stage.NEW, 0.0, 0
        self.is_reserve = False
        self._is_in_message = self._is_in_head = False
        self._discards = False
        """Whatever else comes is thrown away."""
        self._is_half_closed = False
        self._running: RequestResponseCycle | None = None
        """The request that is being answered, or was last; ``cycle`` is the one that came last."""
        self._messages = 0
        self._head_bytes = self._body_bytes = self._framing_bytes = self._pipelined = 0

    @property
    def unread(self) -> int:
        """Bytes of answers that the client has not taken yet."""
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
        """Feeds the parser; a head that is too large is refused before the parser gets it."""
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
        """The client has ended its sending, or is gone: it gets the answer to what it has sent as a whole."""
        if self._is_half_closed or self._discards:
            return self._is_pending()
        self._is_half_closed = True
        if self._is_in_message and not self._is_pending_earlier():
            self._refuse(INVALID_HTTP, "The request ended before all of it was there. Send it whole.")
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
        """A request's first byte."""
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
        """A header, or a trailer."""
        if len(self.headers) >= MAX_HEADERS:
            raise _TooManyHeadersError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request's head is whole."""
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
        """A part of a request's body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        super().on_message_complete()
        self._is_in_message = False

    def on_response_complete(self) -> None:
        """An answer is on its way."""
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

    # uvicorn's own refusal of what is no HTTP.

    def send_400_response(self, msg: str) -> None:
        """Answers a request that is not valid HTTP with a problem."""
        self._refuse(INVALID_HTTP, "The request is no HTTP/1.1. Check what your program sends, byte for byte.")

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
            # The request is answered as if it did not ask for another protocol; what follows may be anything.
            self._end_after_answers()
        if self._is_in_message and self._messages == message:
            self._framing_bytes += len(data) - (self._body_bytes - body)
            if self._framing_bytes > 2 * self._limits.head_bytes + self._body_bytes // CHUNK:
                self._refuse(
                    INVALID_HTTP, "The body comes in too many small chunks. Send it in chunks of some kilobytes."
                )

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
        """Answers the request that is being sent with a problem, if its turn is now, and then ends the connection."""
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
                # Closed with bytes unread, the connection would be reset, and the client lose the answer.
                self.transport.write_eof()

    def _end_after_answers(self) -> None:
        """Takes nothing more, and closes the connection when what was asked is answered."""
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
        """Writes what a client passes over. Where it has closed its socket, its system says so, and the connection is
        lost; where it has only ended its sending, it waits for the answer."""
        if self._running is None or self._running.response_started or self.transport.is_closing():
            return
        self.transport.write(CONTINUE)

    def _is_pending(self) -> bool:
        """Whether an answer is owed to a request whose head is whole."""
        return self._running is not None and not self._running.response_complete

    def _is_pending_earlier(self) -> bool:
        """Whether an answer is owed to a request that came as a whole, before what is being sent now."""
        is_this = self._is_in_message and not self._is_in_head and self._running is self.cycle
        return self._is_pending() and not is_this

    def _can_be_refused(self) -> bool:
        """Whether a problem would be the answer to the request that is being sent, and to nothing else."""
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
