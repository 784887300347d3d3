"""Greedy matching of found people with true ones."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MIN_AREA: Final = 0.02
"""Share of a photo that a person must take to be asked for; finding a smaller one neither helps nor hurts."""
MIN_LIKENESS: Final = 0.5
"""IoU or keypoint similarity from which on a found person is the true one."""
NEAR_UNASKED: Final = 0.3
"""Likeness to a person who is not asked for from which on a found one is neither right nor wrong."""
NOBODY: Final = -1
"""In place of a true person's index: the found person is nobody."""


def match_greedily(likeness: npt.NDArray[np.floating[Any]], asked: npt.NDArray[np.bool_]) -> Iterator[int | None]:
    """For each found person, in order, the index of the true one, ``NOBODY``, or None for one that does not count.

    ``likeness`` (F, T), 0–1: of each found person, surest first, to each true one. ``asked`` (T,): who must be found.
    Each takes the likest true person who is not taken yet.
    """
    free = np.ones(len(asked), np.bool_)
    for row in likeness:
        among_free = np.where(free, row, -1.0)
        chosen = int(among_free.argmax()) if len(row) else NOBODY
        if chosen >= 0 and among_free[chosen] >= MIN_LIKENESS:
            free[chosen] = False
            yield chosen
        else:
            yield None if (row[~asked] >= NEAR_UNASKED).any() else NOBODY
