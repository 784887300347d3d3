"""Admission control: how many photos may be under way, and when a refused client should try again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from threading import Lock
from typing import Final

from service.engine.errors import OverloadError

SMOOTHING: Final = 0.9
"""Weight of the previous estimate in the moving average of the seconds per photo."""


class Admission:
    """Bounds the runs of the model that photos under way need together; most need one."""

    def __init__(self, limit: int, photos_per_second: float) -> None:
        """Admits ``limit`` runs at once; ``photos_per_second`` is the first estimate of the rate."""
        self._limit = limit
        self._seconds_per_photo = 1 / photos_per_second
        self._under_way = 0
        self._last_change = 0.0
        self._lock = Lock()

    @property
    def under_way(self) -> int:
        """Runs that photos under way hold."""
        return self._under_way

    @property
    def retry_after(self) -> int:
        """Seconds, from 1, in which the photos under way should be done."""
        return max(1, ceil(self._under_way * self._seconds_per_photo))

    def check(self, slots: int = 1) -> None:
        """Raises :class:`OverloadError` if a photo that needs so many runs would be refused now."""
        with self._lock:
            self._check(slots, held=0)

    @contextmanager
    def enter(self, slots: int = 1, held: int = 0) -> Iterator[None]:
        """Holds slots for one photo within the block: one for each run of the model that it needs.

        A photo that turns out to need more runs than the ``held`` slots that it has enters again with the rest. One
        that needs more slots than there are is admitted when it is alone.

        Raises:
            OverloadError: too few slots are free.
        """
        with self._lock:
            self._check(slots, held)
            if not self._under_way:
                self._last_change = time.monotonic()
            self._under_way += slots
        try:
            yield
        finally:
            with self._lock:
                now = time.monotonic()
                # While photos are under way, the time between two that leave is the time one costs.
                measured = (now - self._last_change) / slots
                self._seconds_per_photo = SMOOTHING * self._seconds_per_photo + (1 - SMOOTHING) * measured
                self._last_change = now
                self._under_way -= slots

    def _check(self, slots: int, held: int) -> None:
        if self._under_way > held and self._under_way + slots > self._limit:
            raise OverloadError(self.retry_after)
