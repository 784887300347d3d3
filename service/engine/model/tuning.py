"""Tuning at start: measures which number of lanes, threads within a run and largest batch is fastest here."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from service.engine.model.session import Session
from service.settings import DeviceProvider

log = logging.getLogger(__name__)

TRIAL_SECONDS: Final = 0.2
TRIAL_ROUNDS: Final = 3
MIN_SPEEDUP: Final = 1.1
"""What is less usual must give this many times the photos per second: a larger batch, for it costs latency and padding,
and fewer lanes than cores, for a busy moment at the start can make them look faster."""

OpenSession = Callable[[int], Session]
"""Opens the model with that many threads within a run."""


@dataclass(frozen=True, slots=True)
class TunedSessions:
    """The sessions, one per lane, with the measured number of threads, largest batch and rate."""

    sessions: tuple[Session, ...]
    threads: int
    largest_batch: int
    photos_per_second: float
    alone: Session | None = None
    """The session for a photo that is alone, if one of more threads pays for that."""
    threads_alone: int = 1
    """Threads within a run of a photo that is alone."""

    @property
    def has_one_core_per_lane(self) -> bool:
        """Whether the lanes compute on the cores that photos are decoded on, each in its own thread."""
        return self.sessions[0].provider == "cpu" and self.threads == 1

    @property
    def batches(self) -> list[int]:
        """The batch sizes in use."""
        return [1 << power for power in range(self.largest_batch.bit_length())]


def tune(
    open_session: OpenSession,
    first: Session,
    cores: int,
    lanes: int | None,
    threads: int | None,
    max_batch: int,
    threads_alone: int | None = None,
) -> TunedSessions:
    """Measures the ways to share ``cores`` and the batch sizes, and returns the best; all its buckets are warm.

    ``first`` is the model, opened with one thread within a run. What ``lanes``, ``threads`` and ``threads_alone`` say
    is not measured.
    """
    shares = _layouts(first.provider, cores, lanes, threads)
    ways = [(_open_lanes(open_session, first, count, within), within) for count, within in shares]
    # In turns, for something else on the machine may be in the way of one of them.
    rounds = [
        [photos_per_second(sessions, 1) for sessions, _ in ways] for _ in range(TRIAL_ROUNDS if len(ways) > 1 else 1)
    ]
    rates = [max(measured) for measured in zip(*rounds, strict=True)]
    trials = [TunedSessions(sessions, within, 1, rate) for (sessions, within), rate in zip(ways, rates, strict=True)]
    usual = max(trials, key=lambda trial: len(trial.sessions))
    fastest = max(trials, key=lambda trial: trial.photos_per_second)
    pays = fastest.photos_per_second >= MIN_SPEEDUP * usual.photos_per_second
    best = _with_largest_batch(fastest if pays else usual, max_batch)
    if best.has_one_core_per_lane and len(best.sessions) > 1:
        if threads_alone is None:
            best = _with_fastest_alone(best, {within: sessions[0] for sessions, within in ways})
        elif threads_alone > 1:
            best = replace(best, alone=_warm(open_session(threads_alone)), threads_alone=threads_alone)
    log.info(
        "%s: %d lane(s) of %d thread(s), batches up to %d: %.1f photos/s; %d thread(s) for a photo that is alone",
        first.provider, len(best.sessions), best.threads, best.largest_batch, best.photos_per_second,
        best.threads_alone,
    )  # fmt: skip
    return best


def photos_per_second(sessions: tuple[Session, ...], batch: int) -> float:
    """The rate at which lanes that never wait answer batches of that size, after one run each to warm up."""
    height, width = sessions[0].input_height, sessions[0].input_width
    images = [np.zeros((height, width, 3), np.uint8)] * batch

    def rate(session: Session) -> float:
        start, runs = time.perf_counter(), 0
        while (spent := time.perf_counter() - start) < TRIAL_SECONDS:
            session.run(images)
            runs += 1
        return runs * batch / spent

    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(lambda session: session.run(images), sessions))
        return sum(pool.map(rate, sessions))


def _layouts(provider: DeviceProvider, cores: int, lanes: int | None, threads: int | None) -> list[tuple[int, int]]:
    """The pairs of lanes and threads to try: on a CPU each power of two that divides the cores among lanes.

    Lanes of one thread do all that is done for a photo, some of it under Python's lock. One more of them than there are
    cores computes while another waits for that.
    """
    if provider == "openvino":  # shares the cores itself, a stream for each
        return [(lanes or cores, 1)]
    if provider != "cpu":
        return [(lanes or 1, 1)]
    if lanes or threads:
        lanes = lanes or max(1, cores // (threads or 1))
        return [(lanes, threads or max(1, cores // lanes))]
    pairs = {(cores + 1, 1), (1, cores)}
    within = 2
    while within < cores:
        pairs.add((cores // within, within))
        within *= 2
    return sorted(pairs)


def _open_lanes(open_session: OpenSession, first: Session, lanes: int, threads: int) -> tuple[Session, ...]:
    # A run of one thread stays on its caller's, so lanes can share the open model and its weights. Runs of more threads
    # would compete for its pool of threads, so there each lane opens its own.
    if threads == 1:
        return (first, *(first.twin() for _ in range(lanes - 1)))
    return tuple(open_session(threads) for _ in range(lanes))


def _with_largest_batch(tuned: TunedSessions, max_batch: int) -> TunedSessions:
    """Doubles the batch for as long as that pays, even if the smaller one is measured again: something else on the
    machine may have been in its way at the first."""
    batch, rate = 1, tuned.photos_per_second
    while 2 * batch <= max_batch:
        larger = photos_per_second(tuned.sessions, 2 * batch)
        if larger < MIN_SPEEDUP * rate:
            break
        rate = max(rate, photos_per_second(tuned.sessions, batch))
        if larger < MIN_SPEEDUP * rate:
            break
        batch, rate = 2 * batch, larger
    return replace(tuned, largest_batch=batch, photos_per_second=rate)


def _with_fastest_alone(tuned: TunedSessions, by_threads: Mapping[int, Session]) -> TunedSessions:
    """Adds the session that answers a single photo soonest, of those opened with so many threads, where that pays."""
    rounds = [
        {threads: photos_per_second((session,), 1) for threads, session in by_threads.items()}
        for _ in range(TRIAL_ROUNDS if len(by_threads) > 1 else 0)
    ]
    rates = {threads: max(rates[threads] for rates in rounds) for threads in by_threads if rounds}
    fastest = max(rates, key=rates.__getitem__, default=1)
    if fastest == 1 or rates[fastest] < MIN_SPEEDUP * rates[1]:
        return tuned
    return replace(tuned, alone=by_threads[fastest], threads_alone=fastest)


def _warm(session: Session) -> Session:
    """The session after its first run, which takes longer than others."""
    session.run([np.zeros((session.input_height, session.input_width, 3), np.uint8)])
    return session
