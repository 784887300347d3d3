"""Single flight: who asks for what is under way shares it, and nobody's leaving or failing is another's surprise."""

import time
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from service.engine.errors import DeadlineError
from service.engine.scheduling.lanes import Deadline
from service.engine.scheduling.single_flight import SingleFlight


class Runway:
    """Work that ends when a test says so, with the deadline of each time that it was begun."""

    def __init__(self) -> None:
        self.deadlines: list[Deadline] = []
        self.flights: SingleFlight[str] = SingleFlight()

    def _begin(self, deadline: Deadline) -> Future[str]:
        self.deadlines.append(deadline)
        return Future()

    def join(self, passenger: ExitStack, key: str = "a", seconds: float = 10) -> Future[str]:
        """A passenger's work; who leaves closes their stack."""
        deadline = Deadline(time.monotonic() + seconds)
        return passenger.enter_context(self.flights.join(key, deadline, self._begin))


def is_wanted(deadline: Deadline) -> bool:
    try:
        deadline.check()
    except DeadlineError:
        return False
    return True


def test_the_same_key_flies_once_and_all_get_the_result() -> None:
    runway = Runway()
    with ExitStack() as passengers:
        first, second = (runway.join(passengers) for _ in range(2))
        first.set_result("there")
        assert second.result(0) == "there"
        assert len(runway.deadlines) == 1


def test_other_keys_fly_on_their_own() -> None:
    runway = Runway()
    with ExitStack() as passengers:
        assert runway.join(passengers, "a") is not runway.join(passengers, "b")


def test_nothing_is_kept() -> None:
    runway = Runway()
    for _ in range(2):
        with ExitStack() as passenger:
            runway.join(passenger).set_result("there")
    assert len(runway.deadlines) == 2


def test_who_leaves_does_not_take_the_flight_along() -> None:
    runway = Runway()
    with ExitStack() as stays:
        with ExitStack() as leaves:
            first = runway.join(leaves)
            second = runway.join(stays)
        assert first is second
        assert is_wanted(runway.deadlines[0])


def test_when_the_last_leaves_nobody_wants_the_flight_and_the_next_is_a_new_one() -> None:
    runway = Runway()
    with ExitStack() as both:
        runway.join(both)
        runway.join(both)
    assert not is_wanted(runway.deadlines[0])
    with ExitStack() as third:
        runway.join(third)
        assert [is_wanted(deadline) for deadline in runway.deadlines] == [False, True]


def test_what_cannot_be_begun_leaves_no_trace() -> None:
    flights: SingleFlight[str] = SingleFlight()

    def fail(deadline: Deadline) -> Future[str]:
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), flights.join("a", Deadline(), fail):
            pass


def test_the_deadline_is_that_of_the_most_patient() -> None:
    runway = Runway()
    with ExitStack() as passengers:
        for seconds in (10, 30, 20):
            runway.join(passengers, seconds=seconds)
        assert runway.deadlines[0].at == pytest.approx(time.monotonic() + 30, abs=5)
