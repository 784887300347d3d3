"""Bounds the memory that photos take, whatever their sizes: only so many pixels are worked on at the same time."""

import asyncio
from collections import deque


class PixelBudget:
    """Pixels that may be in work at once; who finds too few free waits, in the order of coming. Used from one thread
    (the event loop's)."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_use = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def in_use(self) -> int:
        """Pixels that are taken and not yet given back."""
        return self._in_use

    async def take(self, pixels: int) -> None:
        """Returns once so many pixels are the caller's, who has to give them back. Cancelling leaves the line.

        Who needs more than there are has them all, alone.
        """
        if not self._waiting and self._fits(pixels):
            self._in_use += pixels
            return
        entry = (pixels, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await entry[1]
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                self._call_next()
            else:  # the turn came just as the caller left
                self.give_back(pixels)
            raise

    def give_back(self, pixels: int) -> None:
        """Frees what was taken."""
        self._in_use -= pixels
        self._call_next()

    def _call_next(self) -> None:
        while self._waiting and self._fits(self._waiting[0][0]):
            pixels, turn = self._waiting[0]
            if turn.cancelled():  # it will take itself out of the line, and call the next
                return
            self._waiting.popleft()
            self._in_use += pixels
            turn.set_result(None)

    def _fits(self, pixels: int) -> bool:
        return not self._in_use or self._in_use + pixels <= self._limit
