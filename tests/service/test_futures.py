"""Steps that follow one another: every future resolves, with the result or with the failure, whoever comes first."""

import gc
import weakref
from concurrent.futures import CancelledError, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.scheduling.futures import then, together


def doubled(number: int) -> Future[int]:
    future: Future[int] = Future()
    future.set_result(2 * number)
    return future


def test_a_step_follows_the_first_with_its_result() -> None:
    first: Future[int] = Future()
    last = then(then(first, doubled), doubled)
    assert not last.done()
    first.set_result(3)
    assert last.result(0) == 12


def test_a_failure_anywhere_is_the_outcome() -> None:
    def broken(number: int) -> Future[int]:
        raise ValueError("cannot be begun")

    first: Future[int] = Future()
    begun: Future[int] = Future()
    lasts = [then(first, broken), then(first, lambda _: begun)]
    begun.set_exception(ValueError("fails on the way"))
    first.set_result(3)
    failed: Future[int] = Future()
    failed.set_exception(ValueError("failed at once"))
    lasts.append(then(failed, doubled))
    assert [str(last.exception(0)) for last in lasts] == ["cannot be begun", "fails on the way", "failed at once"]


def test_what_is_cancelled_is_not_begun_and_what_has_begun_may_end() -> None:
    first: Future[int] = Future()
    second: Future[int] = Future()
    begun: list[int] = []

    def begin(number: int) -> Future[int]:
        begun.append(number)
        return second

    gone, goes = then(first, begin), then(first, begin)
    assert gone.cancel()
    first.set_result(3)
    assert begun == [3]
    assert goes.cancel()
    second.set_result(6)
    with pytest.raises(CancelledError):
        goes.result(0)


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_all_parts_come_together_in_their_order_or_the_first_failure_does(order: list[int], bad: set[int]) -> None:
    parts: list[Future[int]] = [Future() for _ in range(4)]
    whole = together(parts, tuple)
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
        assert whole.result(0) == (0, 1, 2, 3)


def test_what_is_done_with_is_freed_at_once() -> None:
    class Photo:
        pass

    photo = Photo()
    watched = weakref.ref(photo)
    first: Future[Photo] = Future()
    parts: list[Future[Photo]] = [Future()]
    last = then(first, lambda _: together(parts, lambda photos: photos[0]))
    first.set_result(photo)
    parts.pop().set_result(photo)
    assert last.result(0) is photo
    gc.disable()
    try:
        del first, last, photo
        assert watched() is None
    finally:
        gc.enable()
