"""Ratios of figures that were taken next to each other, so that what slows the machine down slows both."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much: the median of the rounds, and the least and largest."""

    median: float
    least: float
    largest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.largest:.2f})"


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Ours over theirs, round by round.

    Raises:
        ValueError: the numbers of rounds differ, or there is none.
    """
    quotients = [our / their for our, their in zip(ours, theirs, strict=True)]
    if not quotients:
        raise ValueError("There is no round to compare.")
    return Ratio(median(quotients), min(quotients), max(quotients))
