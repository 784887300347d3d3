"""Single flight: who asks for what is already being worked on waits for that, and it is done once.

Nothing is kept: when the work is done, so is the flight.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from service.engine.lanes import Deadline

T = TypeVar("T")


@dataclass
class Flight(Generic[T]):
    """Work that is under way, and how many wait for it."""

    task: asyncio.Task[T]
    deadline: Deadline
    """The latest of those who wait."""
    waiting: int = 0


class Flights(Generic[T]):
    """The flights under way, by key. Used from one thread (the event loop's)."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[T]] = {}

    async def join(self, key: Hashable, deadline: float, work: Callable[[Deadline], Coroutine[Any, Any, T]]) -> T:
        """The result of the work of that key, which is begun if it is not under way; its failure is everybody's.

        Who is cancelled leaves the others to it; when the last leaves, the work is cancelled.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._begin(key, Deadline(deadline), work)
        flight.deadline.at = max(flight.deadline.at, deadline)
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.task.cancel()
                self._end(key, flight)  # at once, so that nobody joins what is being cancelled

    def _begin(
        self, key: Hashable, deadline: Deadline, work: Callable[[Deadline], Coroutine[Any, Any, T]]
    ) -> Flight[T]:
        flight = self._flights[key] = Flight(asyncio.create_task(work(deadline)), deadline)
        flight.task.add_done_callback(lambda _: self._end(key, flight))
        return flight

    def _end(self, key: Hashable, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
