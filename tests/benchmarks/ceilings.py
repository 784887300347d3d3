"""What the machine could do at best: the model alone, and the plain steps without HTTP."""

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.engine.model.cores import usable_cores
from tests.benchmarks.outcomes import quantile
from tests.benchmarks.steps import Steps

BUCKETS: Final = (1, 2, 4, 8, 16)
TRIAL_SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class RawRun:
    """`session.run` alone, with batches of one size."""

    images_per_second: float
    p50_ms: float | None
    p99_ms: float | None
    """Of one run, with the others beside it."""


def session_run(steps: Steps, batch: int, seconds: float) -> RawRun:
    """Runs the model side by side on all cores; on a GPU in one thread."""
    images = np.random.default_rng(1).integers(0, 256, (batch, *steps.size, 3), np.uint8)
    spent = _side_by_side(lambda: steps.session.run(None, {"image": images}), steps.lanes, seconds)
    milliseconds = [1e3 * duration for durations in spent for duration in durations]
    return RawRun(batch * _per_second(spent), quantile(milliseconds, 0.5), quantile(milliseconds, 0.99))


def without_http(steps: Steps, photos: Sequence[bytes], threads: int, seconds: float) -> float:
    """Photos per second when threads take photo after photo through all steps."""
    endless = itertools.cycle(photos)
    return _per_second(_side_by_side(lambda: steps.parse([next(endless)]), threads, seconds))


def best_threads(steps: Steps, photos: Sequence[bytes]) -> int:
    """How many threads take most photos through the steps."""
    cores = usable_cores()
    return max((1, cores, 2 * cores), key=lambda threads: without_http(steps, photos, threads, TRIAL_SECONDS))


def _side_by_side(work: Callable[[], object], threads: int, seconds: float) -> list[list[float]]:
    """Repeats work in threads for some seconds, once warm; how long each piece of it took, by thread."""
    work()
    end = time.perf_counter() + seconds

    def repeat(_: int) -> list[float]:
        spent = []
        while (began := time.perf_counter()) < end:
            work()
            spent.append(time.perf_counter() - began)
        return spent

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(repeat, range(threads)))


def _per_second(spent: list[list[float]]) -> float:
    return sum(len(durations) / sum(durations) for durations in spent)
