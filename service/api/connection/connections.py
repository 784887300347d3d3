"""Limits on the open connections of a server: their number, and the time that the service waits for each client.

Connections are always accepted, so that each client gets an answer. Above the limit, a new connection replaces one
that waits for its client; if there is none, it is refused. A reserve above the limit is for health checks only.
"""

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final, Protocol, Self

from service.api.problems.types import CONNECTION_PROBLEMS
from service.settings import Settings

log = logging.getLogger(__name__)

RESERVE: Final = 16
"""Maximum number of connections above the limit, for health checks."""
SPARE_DESCRIPTORS: Final = 16
"""File descriptors that are left for everything but connections."""
MAX_BACKLOG: Final = 512
"""Maximum length of the kernel's queue of connections to accept. The event loop may accept all of them in one go, and
does nothing else meanwhile."""
LINGER: Final = 2.0
"""Seconds that a refused client has to read the answer."""
PROGRESS: Final = 256_000
"""Bytes of an answer that a client must read within each period of ``write_seconds``."""
LOG_SECONDS: Final = 10.0
"""Seconds between two log lines with the same reason."""
REASONS: Final = (
    *(problem_type.slug for problem_type in CONNECTION_PROBLEMS),
    "answer-unread",
    "answers-unread",
    "body-too-slow",
    "place-needed",
)
"""Why the service refuses or ends connections."""
UNLIMITED: Final = 1_000_000
"""File descriptors that are assumed where the process has no limit."""


class Stage(Enum):
    """What a connection is waiting for."""

    SERVICE = auto()
    """The service, which is working on a request."""
    NEW = auto()
    """The client, to begin its first request."""
    IDLE = auto()
    """The client, to begin another request."""
    HEAD = auto()
    """The client, to send the rest of a request's head."""
    BODY = auto()
    """The client, to send the rest of a request's body."""
    READING = auto()
    """The client, to read the answer."""
    REFUSED = auto()
    """The client, to read why it was refused."""


CLIENTS_TURN: Final = (Stage.NEW, Stage.HEAD, Stage.BODY, Stage.READING, Stage.REFUSED)
"""Stages in which the service waits for a client that owes it something. Idle connections owe nothing."""


class Connection(Protocol):
    """The interface through which :class:`Connections` watches and ends a connection."""

    stage: Stage
    since: float
    unread_mark: int
    is_reserve: bool

    @property
    def unread(self) -> int:
        """Bytes of answers that the client has not read yet."""

    def is_late(self) -> None:
        """Ends the connection because its time in this stage is over."""

    def make_room(self) -> None:
        """Ends the connection at once to make room for another one."""

    def drop(self) -> None:
        """Closes the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on connections: their number, and times in seconds."""

    connections: int
    """Maximum number of open connections, without the reserve."""
    reserve: int
    """Maximum number of further connections, for health checks."""
    backlog: int
    """Maximum number of connections that wait to be accepted."""
    head_bytes: int
    unread_bytes: int
    """Bytes of unread answers of all connections together."""
    head_seconds: float
    body_seconds: float
    keep_alive_seconds: float
    write_seconds: float

    @classmethod
    def of(cls, settings: Settings, descriptors: int) -> Self:
        """Returns the limits in ``settings``, lowered to what a process that may open ``descriptors`` more files can
        hold."""
        free = max(0, descriptors - SPARE_DESCRIPTORS)
        reserve, backlog = min(RESERVE, max(1, free // 8)), min(MAX_BACKLOG, max(1, free // 4))
        connections = min(settings.max_connections, max(1, free - reserve - backlog))
        if connections < settings.max_connections:
            log.warning(
                "at most %d connections at once, not the %d of JPPNET_MAX_CONNECTIONS: this process may open only %d "
                "more files (ulimit -n)", connections, settings.max_connections, descriptors,
            )  # fmt: skip
        return cls(
            connections, reserve, backlog,
            head_bytes=1000 * settings.max_head_kb,
            unread_bytes=int(1e6 * settings.answer_budget_mb),
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            keep_alive_seconds=settings.keep_alive_seconds,
            write_seconds=settings.write_seconds,
        )  # fmt: skip

    def seconds(self, stage: Stage) -> float:
        """Returns how long a connection may stay in ``stage``, any but ``SERVICE``."""
        return {
            Stage.NEW: self.head_seconds,
            Stage.IDLE: self.keep_alive_seconds + LINGER,  # uvicorn's own timer comes first
            Stage.HEAD: self.head_seconds,
            Stage.BODY: self.body_seconds + LINGER,  # the request's own handler answers slow uploads first
            Stage.READING: self.write_seconds,
            Stage.REFUSED: LINGER,
        }[stage]


def raise_descriptor_limit() -> int:
    """Raises the soft limit of open files to the hard limit; returns the number of files that may still be opened."""
    try:
        import resource
    except ImportError:  # Windows
        return UNLIMITED
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most > UNLIMITED:
        most = UNLIMITED
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return int(most) - _open_descriptors()


def _open_descriptors() -> int:
    folder = Path("/dev/fd")  # of this process, on Linux and macOS
    return len(list(folder.iterdir())) if folder.is_dir() else 0


class Connections:
    """The open connections by stage, ordered by the time at which they entered it.

    Used from the event loop's thread only.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.on_end: Callable[[str], None] = lambda reason: None
        """Called with the reason whenever the service refuses or ends a connection."""
        self._stages: dict[Stage, OrderedDict[Connection, None]] = {stage: OrderedDict() for stage in Stage}
        self._reserve: OrderedDict[Connection, None] = OrderedDict()
        self._logged_at: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """Number of open connections."""
        return sum(map(len, self._stages.values()))

    def add(self, connection: Connection) -> bool:
        """Registers a new connection; returns False if there are too many.

        At the limit it replaces another connection. If none can be replaced, it joins the reserve (``is_reserve``).
        """
        if self.count - len(self._reserve) >= self.limits.connections and not self._make_room():
            self.tell("too-many-connections", f"there are {self.count} connections, and none of them is idle")
            connection.is_reserve = True
            if len(self._reserve) >= self.limits.reserve and not self._make_room_in_reserve():
                return False
            self._reserve[connection] = None
        connection.since = time.monotonic()
        self._stages[connection.stage][connection] = None
        return True

    def remove(self, connection: Connection) -> None:
        """Removes a connection that has ended or is about to end."""
        self._stages[connection.stage].pop(connection, None)
        self._reserve.pop(connection, None)

    def move(self, connection: Connection, stage: Stage) -> None:
        """Moves a connection to another stage."""
        if connection not in self._stages[connection.stage]:
            return  # it was replaced by another connection
        del self._stages[connection.stage][connection]
        connection.stage, connection.since = stage, time.monotonic()
        self._stages[stage][connection] = None
        if stage is Stage.READING:
            connection.unread_mark = connection.unread
            self._bound_unread()

    def sweep(self) -> None:
        """Ends all connections that have been in their stage for too long."""
        now = time.monotonic()
        for stage in (Stage.IDLE, *CLIENTS_TURN):
            for connection in self._waiting_since_before(stage, now - self.limits.seconds(stage)):
                if stage is Stage.READING and connection.unread <= connection.unread_mark - PROGRESS:
                    self.move(connection, stage)  # begins the next period
                else:
                    connection.is_late()
        self._bound_unread()

    def tell(self, reason: str, message: str) -> None:
        """Counts and logs a refused or ended connection; each reason is logged at most every ``LOG_SECONDS``."""
        self.on_end(reason)
        now = time.monotonic()
        if now - self._logged_at.get(reason, -LOG_SECONDS) < LOG_SECONDS:
            self._unlogged[reason] += 1
            return
        fields = {"reason": reason, "connections": self.count, "more_like_it": self._unlogged.pop(reason, 0)}
        log.warning(message, extra={"fields": fields})
        self._logged_at[reason] = now

    def _waiting_since_before(self, stage: Stage, moment: float) -> Iterator[Connection]:
        queue = self._stages[stage]
        while queue and (first := next(iter(queue))).since <= moment:
            yield first
            if queue and next(iter(queue)) is first:  # the caller did not move it; without this, the loop is endless
                self.remove(first)

    def _make_room(self) -> bool:
        """Ends the longest idle connection; if none is idle, the one that has kept the service waiting longest."""
        victim = self._first(Stage.IDLE) or self._longest_waiting()
        if victim is None:
            return False
        self._give_place_of(victim)
        return True

    def _make_room_in_reserve(self) -> bool:
        victim = next((it for it in self._reserve if it.stage is not Stage.SERVICE), None)
        if victim is None:
            return False
        self._give_place_of(victim)
        return True

    def _longest_waiting(self) -> Connection | None:
        """Returns the connection in a stage of ``CLIENTS_TURN`` that entered its stage first."""
        firsts = filter(None, map(self._first, CLIENTS_TURN))
        return min(firsts, key=lambda first: first.since, default=None)

    def _first(self, stage: Stage) -> Connection | None:
        """Returns the connection that has been in ``stage`` longest; the reserve is left out."""
        return next((connection for connection in self._stages[stage] if not connection.is_reserve), None)

    def _give_place_of(self, victim: Connection) -> None:
        self.tell("place-needed", "the limit of connections is reached; an idle or slow one was closed for a new one")
        victim.make_room()
        self.remove(victim)

    def _bound_unread(self) -> None:
        """Ends connections with unread answers, the oldest first, until these fit into the memory for them."""
        reading = self._stages[Stage.READING]
        unread = sum(connection.unread for connection in reading) if reading else 0
        while unread > self.limits.unread_bytes and len(reading) > 1:
            first = next(iter(reading))
            unread -= first.unread
            self.tell("answers-unread", "answers that clients do not read take too much memory")
            first.drop()
            self.remove(first)
