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
    """Counts the runs of the model that photos under way need; most need one. Used from one thread only."""

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

    @property
    def wait(self) -> int:
        """Seconds, from 1, in which what is under way should be done."""
        return max(1, ceil(self._under_way * self._seconds_per_photo))

    def check(self, places: int = 1) -> None:
        """Raises :class:`OverloadError` if a photo that needs so many places would not be let in now."""
        if self._under_way and self._under_way + places > self._limit:
            raise OverloadError(self.wait)

    @contextmanager
    def enter(self, places: int = 1) -> Iterator[None]:
        """Holds places for one photo: as many as there are runs of the model to be made for it.

        One that needs more than there are is let in when it is alone.

        Raises:
            OverloadError: too few places are free.
        """
        self.check(places)
        if not self._under_way:
            self._last_change = time.monotonic()
        self._under_way += places
        try:
            yield
        finally:
            now = time.monotonic()
            # While photos are under way, the time between two that leave is the time one costs.
            measured = (now - self._last_change) / places
            self._seconds_per_photo = MEMORY * self._seconds_per_photo + (1 - MEMORY) * measured
            self._last_change = now
            self._under_way -= places
