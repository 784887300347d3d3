"""Single flight: equal work that is requested while it is already running is not started again, but shared.

Results are not kept. Once all callers have left, the work is cancelled by its deadline, done or not.
"""

from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.engine.scheduling.deadline import Deadline

T = TypeVar("T")


@dataclass
class SharedWork(Generic[T]):
    """Work that is running, and the number of callers that wait for it."""

    result: Future[T]
    deadline: Deadline
    """The latest of the callers' deadlines."""
    callers: int = 0


class SingleFlight(Generic[T]):
    """The work that is running, by key. Used from one thread only (the event loop's)."""

    def __init__(self) -> None:
        self._running: dict[Hashable, SharedWork[T]] = {}

    @contextmanager
    def join(self, key: Hashable, deadline: Deadline, start: Callable[[Deadline], Future[T]]) -> Iterator[Future[T]]:
        """The result of the work with this key, which is started unless it is running; all callers get its failure.

        A caller that leaves the context does not affect the others. When the last one leaves, the deadline that the
        work was started with has passed.
        """
        work = self._running.get(key)
        if work is None:
            latest = Deadline(deadline.at)
            work = self._running[key] = SharedWork(start(latest), latest)
        work.deadline.at = max(work.deadline.at, deadline.at)
        work.callers += 1
        try:
            yield work.result
        finally:
            work.callers -= 1
            if not work.callers:
                work.deadline.cancel()
                del self._running[key]
