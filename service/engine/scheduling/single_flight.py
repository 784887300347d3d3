"""Single flight: who asks for what is already being worked on waits for that, and it is done once.

Nothing is kept: when nobody waits for the work any more, it is given up, done or not.
"""

from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.engine.scheduling.lanes import Deadline

T = TypeVar("T")


@dataclass
class SharedWork(Generic[T]):
    """Work that is under way, and how many wait for it."""

    result: Future[T]
    deadline: Deadline
    """The latest of those who wait."""
    waiting: int = 0


class SingleFlight(Generic[T]):
    """The flights under way, by key. Used from one thread (the event loop's)."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, SharedWork[T]] = {}

    @contextmanager
    def join(self, key: Hashable, deadline: Deadline, begin: Callable[[Deadline], Future[T]]) -> Iterator[Future[T]]:
        """The work of that key, which is begun if it is not under way; its failure is everybody's.

        Who leaves leaves the others to it; when the last leaves, the work's deadline has passed.
        """
        flight = self._flights.get(key)
        if flight is None:
            latest = Deadline(deadline.at)
            flight = self._flights[key] = SharedWork(begin(latest), latest)
        flight.deadline.at = max(flight.deadline.at, deadline.at)
        flight.waiting += 1
        try:
            yield flight.result
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.deadline.give_up()
                del self._flights[key]
