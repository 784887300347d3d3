"""Single flight: who asks for what is under way shares it, and nobody's leaving or failing is another's surprise."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from test_budget import settle, waits

from service.engine.flights import Flights
from service.engine.lanes import Deadline

Work = Callable[[Deadline], Coroutine[Any, Any, str]]


class Runway:
    """Work that a test lets go on, counting how often it was begun and how often cancelled."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0
        self.deadline = Deadline(0)
        self.open = asyncio.Event()
        self.flights: Flights[str] = Flights()

    async def _work(self, deadline: Deadline) -> str:
        self.begun += 1
        self.deadline = deadline
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"flight {self.begun}"

    def join(self, key: str = "a", deadline: float = 10) -> asyncio.Task[str]:
        return asyncio.create_task(self.flights.join(key, deadline, self._work))


@waits
async def test_the_same_key_flies_once_and_all_get_the_result() -> None:
    runway = Runway()
    tasks = [runway.join() for _ in range(3)]
    await settle()
    runway.open.set()
    assert await asyncio.gather(*tasks) == ["flight 1"] * 3
    assert runway.begun == 1


@waits
async def test_other_keys_fly_on_their_own() -> None:
    runway = Runway()
    tasks = [runway.join("a"), runway.join("b")]
    await settle()
    runway.open.set()
    await asyncio.gather(*tasks)
    assert runway.begun == 2


@waits
async def test_nothing_is_kept() -> None:
    runway = Runway()
    runway.open.set()
    assert [await runway.join(), await runway.join()] == ["flight 1", "flight 2"]


@waits
async def test_who_leaves_does_not_take_the_flight_along() -> None:
    runway = Runway()
    first, second = runway.join(), runway.join()
    await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    assert runway.cancelled == 0
    runway.open.set()
    assert await second == "flight 1"


@waits
async def test_when_the_last_leaves_the_flight_ends_and_the_next_is_a_new_one() -> None:
    runway = Runway()
    first, second = runway.join(), runway.join()
    await settle()
    first.cancel()
    second.cancel()
    third = runway.join()
    await settle()
    assert runway.cancelled == 1
    runway.open.set()
    assert await third == "flight 2"


@waits
async def test_a_failure_is_everybodys() -> None:
    flights: Flights[str] = Flights()

    async def fail(deadline: Deadline) -> str:
        await asyncio.sleep(0)
        raise ValueError("broken")

    outcomes = await asyncio.gather(*(flights.join("a", 1, fail) for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["broken"] * 3
    with pytest.raises(ValueError, match="broken"):
        await flights.join("a", 1, fail)


@waits
async def test_the_deadline_is_that_of_the_most_patient() -> None:
    runway = Runway()
    tasks = [runway.join(deadline=10), runway.join(deadline=30), runway.join(deadline=20)]
    await settle()
    assert runway.deadline.at == 30
    runway.open.set()
    await asyncio.gather(*tasks)
