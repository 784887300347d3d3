"""Steps that threads do for one another: each ends in a future, and so does what follows from it.

No future here refers to what it waits for: such rings would keep photos in memory until the garbage collector finds
them. So cancelling does not go backwards; what nobody wants any more shows by its deadline.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def ready(value: S) -> Future[S]:
    """What is known already."""
    future: Future[S] = Future()
    future.set_result(value)
    return future


def then(first: Future[S], go_on: Callable[[S], Future[T]]) -> Future[T]:
    """Lets a second step follow, begun by the thread that ends the first; gives the second's outcome.

    A failure of the first is the outcome, too. What has been cancelled meanwhile is not begun.
    """
    last: Future[T] = Future()

    def begin(done: Future[S]) -> None:
        if last.cancelled():
            return
        try:
            second = go_on(done.result())
        except Exception as error:
            second = Future()
            second.set_exception(error)
        second.add_done_callback(lambda done: _settle(last, done.result))

    first.add_done_callback(begin)
    return last


def together(parts: Sequence[Future[S]], make: Callable[[list[S]], T]) -> Future[T]:
    """What is made of the results of all parts, one at least, in their order; or a failure once there is one."""
    whole: Future[T] = Future()
    results: dict[int, S] = {}
    count, lock = len(parts), Lock()

    def land(index: int, part: Future[S]) -> None:
        if part.exception():
            _settle(whole, lambda: make([part.result()]))
            return
        with lock:
            results[index] = part.result()
            is_last = len(results) == count
        if is_last:
            _settle(whole, lambda: make([results[index] for index in range(count)]))

    for index, part in enumerate(parts):
        part.add_done_callback(partial(land, index))
    return whole


def _settle(future: Future[T], outcome: Callable[[], T]) -> None:
    """Gives a future the outcome of a call, unless it has been cancelled or has one already."""
    with suppress(InvalidStateError):
        try:
            result = outcome()
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
