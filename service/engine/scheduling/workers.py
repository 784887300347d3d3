"""Threads that decode photos and encode answers, within bounds on the memory that this takes."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from threading import Thread
from typing import Any, Final, Protocol, TypeVar

import cv2

from service.engine.errors import ClosedError, OutOfMemoryError
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.futures import completed
from service.engine.scheduling.lanes import Lanes
from service.engine.scheduling.pixel_budget import PixelBudget
from service.imaging.decode import is_out_of_memory

log = logging.getLogger(__name__)

T = TypeVar("T")

HEAVY_SHARE: Final = 0.75
"""Share of the pixels in work that heavy work may hold together; work that needs more runs alone."""


class Executor(Protocol):
    """Runs the CPU work of a photo and measures the seconds that it takes."""

    def submit(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """Runs work that holds so many pixels in memory; the future gives its result and its seconds."""

    def follow(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """:meth:`submit` for work on what the calling thread has just computed; it may run in that thread."""


class Workers:
    """Two thread pools, for ordinary and for heavy work, and the budgets of pixels that work may hold in memory.

    Heavy work has threads of its own, half as many as ordinary work: some seconds of it in every thread would let no
    ordinary photo through.
    """

    def __init__(self, threads: int, max_pixels: int, lanes: Lanes[Any], lanes_follow: bool) -> None:
        """``lanes_follow`` says whether work that follows from a lane's run stays in the lane's thread."""
        self.budget = PixelBudget(max_pixels)
        self._heavy_budget = PixelBudget(int(HEAVY_SHARE * max_pixels))
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="photo")
        self._heavy_pool = ThreadPoolExecutor(heavy_threads(threads), thread_name_prefix="heavy")
        self._lanes = lanes
        self._lanes_follow = lanes_follow
        self._is_closed = False

    def submit(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """See :class:`Executor`.

        Raises:
            ClosedError: the pools are closed.
        """
        if self._is_closed:
            raise ClosedError("The service is shutting down.")
        pool = self._heavy_pool if is_heavy else self.pool
        return pool.submit(self.run, work, pixels, deadline, is_heavy)

    def follow(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """See :class:`Executor`. Work that runs in the calling thread raises its errors here."""
        if self._lanes_follow and not is_heavy and self._lanes.is_current_thread:
            return completed(self.run(work, pixels, deadline))
        return self.submit(work, pixels, deadline, is_heavy)

    def run(self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False) -> tuple[T, float]:
        """Runs work in the calling thread, once so many pixels are free; gives its result and its seconds."""
        deadline.check()
        heavy = self._heavy_budget.hold(pixels) if is_heavy else nullcontext()
        with heavy, self.budget.hold(pixels), out_of_memory_reported():
            deadline.check()
            began = time.perf_counter()
            return work(), time.perf_counter() - began

    def close(self, cancel_queued: bool) -> list[Thread]:
        """Accepts no more work; each thread that it returns ends when a pool has ended."""
        self._is_closed = True
        return [_shut_down(pool, cancel_queued) for pool in (self.pool, self._heavy_pool)]


def heavy_threads(threads: int) -> int:
    """Threads for heavy work beside so many for ordinary work."""
    return max(1, threads // 2)


class CallingThread:
    """An :class:`Executor` that runs everything in the calling thread, for callers without an event loop."""

    def submit(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """See :class:`Executor`."""
        with out_of_memory_reported():
            began = time.perf_counter()
            return completed((work(), time.perf_counter() - began))

    def follow(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """See :class:`Executor`."""
        return self.submit(work, pixels, deadline, is_heavy)


def _shut_down(pool: ThreadPoolExecutor, cancel_queued: bool) -> Thread:
    thread = Thread(target=partial(pool.shutdown, cancel_futures=cancel_queued), daemon=True)
    thread.start()
    return thread


@contextmanager
def out_of_memory_reported() -> Iterator[None]:
    """Logs that there was too little memory, and raises it as an error for the caller.

    Raises:
        OutOfMemoryError: there was too little memory.
    """
    try:
        yield
    except (MemoryError, cv2.error) as error:
        if not is_out_of_memory(error):
            raise
        log.error("too little memory for a photo; lower JPPNET_MAX_PIXELS_AT_WORK, or give the service more")
        raise OutOfMemoryError("The service has too little memory for this photo now. Try again in a moment.") from None
