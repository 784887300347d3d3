"""Reliability of scores: how often predictions with a score are right, and the expected calibration error."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.bool_]

BINS = 15
"""As in Guo et al. (ICML 2017)."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Predictions by their score, in bins of equal width: number, mean score, and the share that is right.

    Score and share are 0 in an empty bin.
    """

    count: tuple[int, ...]
    score: tuple[float, ...]
    right: tuple[float, ...]

    @classmethod
    def of(cls, scores: Scores, right: Outcomes, bins: int = BINS) -> Self:
        """From the score (0–1) and the outcome of each prediction, (N,) both."""
        place = np.minimum((scores * bins).astype(np.int64), bins - 1)
        count = np.bincount(place, minlength=bins)
        mean = [np.bincount(place, values, bins) / np.maximum(count, 1) for values in (scores, right)]
        return cls(tuple(count.tolist()), *(tuple(values.tolist()) for values in mean))

    @classmethod
    def read(cls, record: dict[str, Any]) -> Self:
        """From ``dataclasses.asdict``, by way of JSON."""
        return cls(*(tuple(record[name]) for name in ("count", "score", "right")))

    @property
    def error(self) -> float:
        """Expected calibration error: |share − score| of a bin, averaged over predictions; nan without any.

        Naeini, Cooper, Hauskrecht, AAAI 2015; equation 3 of Guo et al.
        """
        count, gap = np.array(self.count), np.abs(np.array(self.right) - np.array(self.score))
        return float(count @ gap / count.sum()) if count.any() else float("nan")
