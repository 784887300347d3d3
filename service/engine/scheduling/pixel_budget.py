"""A budget of memory for photos: the pixels that all work together may hold at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from threading import Condition, Lock
from typing import Final

BYTES_PER_PIXEL: Final = 18
"""Memory that a pixel in work stands for: what drawing a cutout, the largest answer, takes of a photo that hardly
compresses. ``tests/service/test_decoding_memory.py`` measures it."""


def bytes_to_pixels(size: int) -> int:
    """As many pixels as stand for so many bytes."""
    return ceil(size / BYTES_PER_PIXEL)


class PixelBudget:
    """The pixels that threads may hold at the same time; a thread that finds too few free waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_use = 0
        self._next_in_line = Lock()
        self._freed = Condition()

    @property
    def in_use(self) -> int:
        """Pixels that are in work."""
        return self._in_use

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Holds so many pixels within the block, once they are free. Work that needs more than the limit runs alone.

        Waiting threads are served in order, so that large photos are not starved.
        """
        with self._next_in_line, self._freed:
            self._freed.wait_for(lambda: not self._in_use or self._in_use + pixels <= self._limit)
            self._in_use += pixels
        try:
            yield
        finally:
            with self._freed:
                self._in_use -= pixels
                self._freed.notify()
