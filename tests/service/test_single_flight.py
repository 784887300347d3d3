"""Single flight: callers that request the same work share it, and one that leaves does not affect the others."""

import time
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from service.engine.errors import DeadlineError
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.single_flight import SingleFlight


class Work:
    """Work that ends when a test says so, with the deadline of each time that it was started."""

    def __init__(self) -> None:
        self.deadlines: list[Deadline] = []
        self.single_flight: SingleFlight[str] = SingleFlight()

    def _begin(self, deadline: Deadline) -> Future[str]:
        self.deadlines.append(deadline)
        return Future()

    def join(self, caller: ExitStack, key: str = "a", seconds: float = 10) -> Future[str]:
        """The work of a caller, which leaves when its stack is closed."""
        deadline = Deadline(time.monotonic() + seconds)
        return caller.enter_context(self.single_flight.join(key, deadline, self._begin))


def is_wanted(deadline: Deadline) -> bool:
    try:
        deadline.check()
    except DeadlineError:
        return False
    return True


def test_the_same_key_runs_once_and_all_get_the_result() -> None:
    work = Work()
    with ExitStack() as callers:
        first, second = (work.join(callers) for _ in range(2))
        first.set_result("there")
        assert second.result(0) == "there"
        assert len(work.deadlines) == 1


def test_other_keys_run_on_their_own() -> None:
    work = Work()
    with ExitStack() as callers:
        assert work.join(callers, "a") is not work.join(callers, "b")


def test_nothing_is_kept() -> None:
    work = Work()
    for _ in range(2):
        with ExitStack() as caller:
            work.join(caller).set_result("there")
    assert len(work.deadlines) == 2


def test_a_caller_that_leaves_does_not_cancel_the_work() -> None:
    work = Work()
    with ExitStack() as stays:
        with ExitStack() as leaves:
            first = work.join(leaves)
            second = work.join(stays)
        assert first is second
        assert is_wanted(work.deadlines[0])


def test_when_the_last_caller_leaves_the_work_is_cancelled_and_the_next_is_new() -> None:
    work = Work()
    with ExitStack() as both:
        work.join(both)
        work.join(both)
    assert not is_wanted(work.deadlines[0])
    with ExitStack() as third:
        work.join(third)
        assert [is_wanted(deadline) for deadline in work.deadlines] == [False, True]


def test_what_cannot_be_started_leaves_no_trace() -> None:
    single_flight: SingleFlight[str] = SingleFlight()

    def fail(deadline: Deadline) -> Future[str]:
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), single_flight.join("a", Deadline(), fail):
            pass


def test_the_deadline_is_that_of_the_most_patient() -> None:
    work = Work()
    with ExitStack() as callers:
        for seconds in (10, 30, 20):
            work.join(callers, seconds=seconds)
        assert work.deadlines[0].at == pytest.approx(time.monotonic() + 30, abs=5)
