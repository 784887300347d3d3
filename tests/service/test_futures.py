"""Steps that follow one another: every future resolves, with the result or with the failure, whoever comes first."""

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.scheduling.futures import Steps, completed, gather, run_steps, run_steps_here, wait


def doubled(number: int) -> Future[int]:
    return completed(2 * number)


def chain(first: Future[int], *following: Callable[[int], Future[int]]) -> Steps[int]:
    """The first future's result, handed from step to step."""
    number = yield from wait(first)
    for step in following:
        number = yield from wait(step(number))
    return number


def test_a_step_follows_the_first_with_its_result() -> None:
    first: Future[int] = Future()
    last = run_steps(chain(first, doubled, doubled))
    assert not last.done()
    first.set_result(3)
    assert last.result(0) == 12


def test_a_step_runs_in_the_thread_that_resolves_what_it_waits_for() -> None:
    first: Future[int] = Future()
    names: list[str] = []

    def note(number: int) -> Future[int]:
        names.append(threading.current_thread().name)
        return doubled(number)

    last = run_steps(chain(first, note))
    thread = threading.Thread(target=first.set_result, args=(3,), name="lane")
    thread.start()
    assert last.result(10) == 6
    assert names == ["lane"]


def test_a_failure_anywhere_is_the_outcome() -> None:
    def broken(number: int) -> Future[int]:
        raise ValueError("cannot be begun")

    first: Future[int] = Future()
    begun: Future[int] = Future()
    lasts = [run_steps(chain(first, broken)), run_steps(chain(first, lambda _: begun))]
    begun.set_exception(ValueError("fails on the way"))
    first.set_result(3)
    failed: Future[int] = Future()
    failed.set_exception(ValueError("failed at once"))
    lasts.append(run_steps(chain(failed, doubled)))
    assert [str(last.exception(0)) for last in lasts] == ["cannot be begun", "fails on the way", "failed at once"]


def test_steps_may_handle_a_failure() -> None:
    def steps() -> Steps[str]:
        try:
            yield from wait(first)
        except ValueError as error:
            return f"instead of {error}"
        return "fine"

    first: Future[int] = Future()
    last = run_steps(steps())
    first.set_exception(ValueError("broken"))
    assert last.result(0) == "instead of broken"


def test_what_is_cancelled_is_not_begun_and_what_has_begun_may_end() -> None:
    first: Future[int] = Future()
    second: Future[int] = Future()
    begun: list[int] = []

    def begin(number: int) -> Future[int]:
        begun.append(number)
        return second

    gone, goes = run_steps(chain(first, begin)), run_steps(chain(first, begin))
    assert gone.cancel()
    first.set_result(3)
    assert begun == [3]
    assert goes.cancel()
    second.set_result(6)
    with pytest.raises(CancelledError):
        goes.result(0)


def test_what_is_waited_for_and_cancelled_fails_the_steps() -> None:
    first: Future[int] = Future()
    last = run_steps(chain(first, doubled))
    assert first.cancel()
    assert isinstance(last.exception(0), CancelledError)


def test_the_same_steps_run_from_one_thread() -> None:
    failed: Future[int] = Future()
    failed.set_exception(ValueError("failed"))
    assert run_steps_here(chain(completed(3), doubled, doubled)) == 12
    with pytest.raises(ValueError, match="failed"):
        run_steps_here(chain(failed, doubled))


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_all_parts_come_together_in_their_order_or_the_first_failure_does(order: list[int], bad: set[int]) -> None:
    parts: list[Future[int]] = [Future() for _ in range(4)]
    whole = gather(parts)
    failures = [number for number in order if number in bad]
    for number in order:
        assert whole.done() == any(part.done() and part.exception() for part in parts)
        if number in bad:
            parts[number].set_exception(ValueError(number))
        else:
            parts[number].set_result(number)
    if failures:
        assert whole.exception(0).args == (failures[0],)  # type: ignore[union-attr]
    else:
        assert whole.result(0) == [0, 1, 2, 3]


class Photo:
    """Something whose memory is watched."""


def watched_steps(first: Future[Photo], parts: list[Future[Photo]]) -> Steps[Photo]:
    yield from wait(first)
    (photo,) = yield from wait(gather(parts))
    return photo


def test_what_is_done_with_is_freed_at_once() -> None:
    photo = Photo()
    watched = weakref.ref(photo)
    first: Future[Photo] = Future()
    parts: list[Future[Photo]] = [Future()]
    last = run_steps(watched_steps(first, parts))
    first.set_result(photo)
    parts.pop().set_result(photo)
    assert last.result(0) is photo
    gc.disable()
    try:
        del first, last, photo
        assert watched() is None
    finally:
        gc.enable()


def test_steps_that_catch_a_failure_go_on_otherwise() -> None:
    def steps(first: Future[int], error: type[Exception]) -> Steps[int]:
        try:
            return (yield from wait(first))
        except error:
            return (yield from wait(doubled(4)))

    failed: Future[int] = Future()
    caught, not_caught = run_steps(steps(failed, ValueError)), run_steps(steps(failed, KeyError))
    failed.set_exception(ValueError("fails on the way"))
    assert caught.result(0) == 8
    assert isinstance(not_caught.exception(0), ValueError)


def test_cancelled_steps_do_not_go_on_otherwise() -> None:
    first: Future[int] = Future()
    begun: list[int] = []

    def steps() -> Steps[int]:
        try:
            return (yield from wait(first))
        except ValueError:
            begun.append(1)
            return (yield from wait(doubled(4)))

    last = run_steps(steps())
    assert last.cancel()
    first.set_exception(ValueError("too slow"))
    assert not begun


def test_what_has_failed_is_freed_at_once() -> None:
    first: Future[Photo] = Future()
    part: Future[Photo] = Future()
    photo = Photo()
    watched = weakref.ref(photo)
    last = run_steps(watched_steps(first, [part]))
    first.set_result(photo)
    gc.disable()
    try:
        part.set_exception(ValueError("broken"))
        assert str(last.exception(0)) == "broken"
        del first, part, last, photo
        assert watched() is None
    finally:
        gc.enable()
