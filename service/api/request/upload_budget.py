"""A budget of memory for request bodies: the bytes that all of them together may hold at the same time.

A body of known length is counted as a whole before it is read; others as they grow. Large uploads leave room for small
ones, and where room is needed, uploads that come too slowly to be of use give theirs back.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from service.api.problems.errors import UploadsFullError

SHARE: Final = 4
"""How many times as much must be free as an upload needs."""
GRACE: Final = 1.0
"""Seconds that an upload has before its speed counts."""
SLOW: Final = 128_000
"""Bytes a second below which an upload gives its room to another: a megabit."""


class Upload:
    """A request body and the bytes that are reserved for it."""

    def __init__(self) -> None:
        self.reserved = 0
        """Bytes that are counted."""
        self.received = 0
        self.began = time.monotonic()
        self.timer: asyncio.Timeout | None = None
        """What reading it is bounded by; None when it has been read."""
        self.is_evicted = False

    def speed(self, now: float) -> float:
        """Bytes per second so far; infinite in the first second, when it is not known yet."""
        age = now - self.began
        return self.received / age if age > GRACE else float("inf")


class UploadBudget:
    """The bytes that request bodies may have in memory. Used from the event loop's thread only."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._uploads: dict[Upload, None] = {}
        self.in_use = 0
        """Bytes that are counted."""

    @contextmanager
    def enter(self) -> Iterator[Upload]:
        """A new upload without reserved bytes; when the block ends, its bytes are released."""
        upload = Upload()
        self._uploads[upload] = None
        try:
            yield upload
        finally:
            del self._uploads[upload]
            self._set(upload, 0)

    def grow(self, upload: Upload, size: int) -> None:
        """Reserves so many bytes for an upload, if that is more than it has.

        One that is alone gets as much as it needs.

        Raises:
            UploadsFullError: there is no room for it, not even that of slow uploads.
        """
        if size <= upload.reserved:
            return
        while not self._has_room(upload, size):
            slowest = self._slowest(upload)
            if slowest is None:
                raise UploadsFullError("The service holds as many uploads as it has memory for. Try again in 1 s.")
            self._evict(slowest)
        self._set(upload, size)

    def settle(self, upload: Upload, size: int) -> None:
        """Reserves what remains of an upload once it has been read."""
        upload.timer = None
        self._set(upload, size)

    def _has_room(self, upload: Upload, size: int) -> bool:
        others = self.in_use - upload.reserved
        return not others or SHARE * size <= self._limit - others

    def _slowest(self, upload: Upload) -> Upload | None:
        """The slowest other upload that is being read, if it is slow enough to be evicted."""
        now = time.monotonic()
        being_read = (it for it in self._uploads if it.timer is not None and it.reserved and it is not upload)
        slowest = min(being_read, key=lambda it: it.speed(now), default=None)
        return slowest if slowest is not None and slowest.speed(now) < SLOW else None

    def _evict(self, upload: Upload) -> None:
        assert upload.timer is not None
        upload.is_evicted = True
        upload.timer.reschedule(asyncio.get_running_loop().time())
        self.settle(upload, 0)

    def _set(self, upload: Upload, size: int) -> None:
        self.in_use += size - upload.reserved
        upload.reserved = size
