"""Futures of steps that run in different threads, and generators that read like a function but wait for such futures.

A generator of steps yields each future that it waits for, and is resumed by the thread that resolves it. So a photo
moves from thread to thread without a thread that waits, and its way still reads from top to bottom.

No future here refers to what it waits for: such cycles would keep photos in memory until the garbage collector finds
them. So cancelling does not propagate backwards; steps that are no longer needed learn it from their deadline.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import partial
from threading import Lock
from traceback import clear_frames
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

Steps = Generator[Future[Any], Any, T]
"""A function in steps: it yields futures, gets their results, and returns a T."""


def wait(future: Future[S]) -> Generator[Future[S], S, S]:
    """The result of a future, within steps: ``result = yield from wait(future)``. Raises what the future raises."""
    return (yield future)


def completed(value: S) -> Future[S]:
    """A future that has its result."""
    future: Future[S] = Future()
    future.set_result(value)
    return future


def run_steps(steps: Steps[T]) -> Future[T]:
    """Starts steps in the calling thread; the thread that resolves a future runs what follows it.

    Gives the future of what the steps return or raise. Once that has been cancelled, no further step begins.
    """
    outcome: Future[T] = Future()
    _advance(steps, outcome, lambda: next(steps))
    return outcome


def run_steps_here(steps: Steps[T]) -> T:
    """Runs steps from the calling thread, which waits for each future. Returns or raises what the steps do."""
    try:
        future = next(steps)
        while True:
            try:
                result = future.result()
            except Exception as error:
                future = steps.throw(error)
            else:
                future = steps.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def gather(parts: Sequence[Future[S]]) -> Future[list[S]]:
    """The results of all futures, one at least, in their order; or the first failure, as soon as there is one."""
    whole: Future[list[S]] = Future()
    results: dict[int, S] = {}
    count, lock = len(parts), Lock()

    def collect(index: int, part: Future[S]) -> None:
        if part.exception():
            _settle(whole, lambda: [part.result()])
            return
        with lock:
            results[index] = part.result()
            is_last = len(results) == count
        if is_last:
            _settle(whole, lambda: [results[index] for index in range(count)])

    for index, part in enumerate(parts):
        part.add_done_callback(partial(collect, index))
    return whole


def _advance(steps: Steps[T], outcome: Future[T], step: Callable[[], Future[Any]]) -> None:
    try:
        future = step()
    except StopIteration as end:
        value: T = end.value
        _settle(outcome, lambda: value)
    except Exception as error:
        del step  # it may hold the error, and the error's traceback refers to this frame and to those of the steps
        clear_frames(error.__traceback__)
        with suppress(InvalidStateError):
            outcome.set_exception(error)
    else:
        future.add_done_callback(partial(_resume, steps, outcome))


def _resume(steps: Steps[T], outcome: Future[T], done: Future[Any]) -> None:
    if outcome.cancelled():
        steps.close()
        return
    error = CancelledError() if done.cancelled() else done.exception()
    _advance(steps, outcome, partial(steps.throw, error) if error else partial(steps.send, done.result()))


def _settle(future: Future[T], outcome: Callable[[], T]) -> None:
    """Gives a future the outcome of a call, unless it has been cancelled or has one already."""
    with suppress(InvalidStateError):
        try:
            result = outcome()
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
