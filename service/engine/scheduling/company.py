"""Whether a lane at work is the only one, and has been for a while: then the other cores are its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import Lock
from typing import Final

CALM_SECONDS: Final = 0.25
"""How long no two lanes may have worked for one to be alone: two clients in turns would else take each other's cores,
for a run on all of them takes more of their time in all."""


class Company:
    """Counts the lanes at work."""

    def __init__(self) -> None:
        self._working = 0
        self._last_company = -inf
        self._lock = Lock()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A lane works on photos within the block."""
        with self._lock:
            self._working += 1
            self._note_company()
        try:
            yield
        finally:
            with self._lock:
                self._note_company()
                self._working -= 1

    @property
    def is_absent(self) -> bool:
        """Whether the lane that asks works alone."""
        with self._lock:
            return self._working == 1 and time.monotonic() - self._last_company >= CALM_SECONDS

    def _note_company(self) -> None:
        if self._working > 1:
            self._last_company = time.monotonic()
