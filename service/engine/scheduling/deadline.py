"""Deadlines: the moment after which a result is of no use."""

import time
from dataclasses import dataclass
from math import inf
from typing import Self

from service.engine.errors import DeadlineError


@dataclass(slots=True)
class Deadline:
    """The moment, on the clock of ``time.monotonic``, after which the result is not needed. It may be extended.

    As a context manager it ends with the block: the caller has left, and its result is no longer needed.
    """

    at: float = inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Makes the deadline one that has passed."""
        self.at = -inf

    @property
    def has_passed(self) -> bool:
        """Whether the result is no longer needed."""
        return time.monotonic() >= self.at

    def check(self) -> None:
        """Raises :class:`DeadlineError` if the deadline has passed."""
        if self.has_passed:
            raise DeadlineError("The time for this photo was up before its turn came.")
