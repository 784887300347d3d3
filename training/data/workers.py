"""Number of processes that load data."""

import os
from typing import Literal

MOST = 8
"""Loading processes of one training process at most, when they are counted by cores."""


def loading_processes(workers: int | Literal["auto"], here: int = 1) -> int:
    """Loading processes of one of ``here`` training processes on this machine; ``auto``: its share of the cores."""
    if workers != "auto":
        return workers
    return max(1, min(MOST, available_cores() // here))


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
