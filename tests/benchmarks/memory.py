"""Whether memory grows."""

from collections.abc import Sequence
from statistics import median
from typing import Final

WARM: Final = 0.2
"""The part of the run after which memory must no longer grow."""


def describe_memory(samples: Sequence[int]) -> dict[str, float]:
    """Resident bytes: once warm, at the end (medians of a tenth of the rest each), their ratio and the most."""
    warm = samples[int(WARM * len(samples)) :]
    tenth = max(1, len(warm) // 10)
    first, last = median(warm[:tenth]), median(warm[-tenth:])
    return {"warm": first, "end": last, "growth": last / first - 1, "peak": max(samples)}
