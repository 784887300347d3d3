"""Activity of the lanes: how many work, and since when no two have worked at the same time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import Lock
from typing import Final

CALM_SECONDS: Final = 0.25
"""How long no two lanes may have worked for one to be alone: two clients in turns would else take each other's cores,
for a run on all of them takes more of their time in all."""


class LaneActivity:
    """Counts the lanes at work."""

    def __init__(self) -> None:
        self._working = 0
        self._last_shared = -inf
        self._lock = Lock()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A lane works on photos within the block."""
        with self._lock:
            self._working += 1
            self._note_sharing()
        try:
            yield
        finally:
            with self._lock:
                self._note_sharing()
                self._working -= 1

    @property
    def is_single(self) -> bool:
        """Whether only the lane that asks works, and no two have for a while: then the other cores are free."""
        with self._lock:
            return self._working == 1 and time.monotonic() - self._last_shared >= CALM_SECONDS

    def _note_sharing(self) -> None:
        if self._working > 1:
            self._last_shared = time.monotonic()
