"""The door: how many photos may be under way, and how long those turned away should wait."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Final

from service.engine.errors import OverloadError

MEMORY: Final = 0.9
"""How much of the measured pace is kept when a photo is done; the rest comes from that photo."""


class Admission:
    """Counts the photos under way. Used from one thread (the event loop's)."""

    def __init__(self, limit: int, photos_per_second: float) -> None:
        """Lets ``limit`` photos in at once; the rate is a first guess until photos have been measured."""
        self._limit = limit
        self._seconds_per_photo = 1 / photos_per_second
        self._under_way = 0
        self._last_change = 0.0

    @property
    def under_way(self) -> int:
        """Photos that are in and not yet out."""
        return self._under_way

    def check(self) -> None:
        """Raises :class:`OverloadError` if a photo would not be let in now."""
        if self._under_way >= self._limit:
            raise OverloadError(max(1, ceil(self._under_way * self._seconds_per_photo)))

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Holds a place for one photo.

        Raises:
            OverloadError: all places are taken.
        """
        self.check()
        if not self._under_way:
            self._last_change = time.monotonic()
        self._under_way += 1
        try:
            yield
        finally:
            now = time.monotonic()
            # While photos are under way, the time between two that leave is the time one costs.
            self._seconds_per_photo = MEMORY * self._seconds_per_photo + (1 - MEMORY) * (now - self._last_change)
            self._last_change = now
            self._under_way -= 1
