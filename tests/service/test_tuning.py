"""At start, the fastest way to share the cores and the largest batch that pays are found by measuring."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.engine.model import tuning
from service.engine.model.session import Prediction, Session
from service.engine.model.tuning import TunedSessions, photos_per_second, tune
from tests.helpers.gated_session import Image

Rate = Callable[[int, int, int], float]
"""Photos per second of so many lanes of so many threads with batches of such a size."""


class ThreadedSession(Session):
    """The toy model, with the number of threads it was opened with."""

    def __init__(self, model: Path, threads: int) -> None:
        super().__init__(model, "cpu", 1)
        self.threads = threads


@pytest.fixture
def tuned(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, int, int]]:
    """Tunes for an imagined machine; gives lanes, threads and largest batch."""

    def tuned(
        rate: Rate, cores: int = 4, lanes: int | None = None, threads: int | None = None, max_batch: int = 8
    ) -> tuple[int, int, int]:
        def imagined(sessions: Sequence[ThreadedSession], batch: int) -> float:
            return rate(len(sessions), sessions[0].threads, batch)

        def open_session(within: int) -> Session:
            return ThreadedSession(toy_path, within)

        monkeypatch.setattr(tuning, "photos_per_second", imagined)
        tuned: TunedSessions = tune(open_session, open_session(1), cores, lanes, threads, max_batch)
        assert tuned.photos_per_second == rate(len(tuned.sessions), tuned.threads, tuned.largest_batch)
        return len(tuned.sessions), tuned.threads, tuned.largest_batch

    return tuned


def test_one_lane_more_than_cores_where_threads_gain_little(
    tuned: Callable[..., tuple[int, int, int]],
) -> None:
    assert tuned(lambda lanes, threads, batch: 80 * lanes * threads**0.5) == (5, 1, 1)


def test_one_lane_of_all_threads_where_lanes_disturb_each_other(tuned: Callable[..., tuple[int, int, int]]) -> None:
    assert tuned(lambda lanes, threads, batch: 80 * lanes**0.5 * threads) == (1, 4, 1)


def test_what_lies_between_is_tried_as_well(tuned: Callable[..., tuple[int, int, int]]) -> None:
    best = {(9, 1): 100, (4, 2): 150, (2, 4): 180, (1, 8): 90}
    assert tuned(lambda lanes, threads, batch: best[lanes, threads], cores=8) == (2, 4, 1)


def test_a_number_of_cores_that_is_no_power_of_two(tuned: Callable[..., tuple[int, int, int]]) -> None:
    best = {(7, 1): 100, (3, 2): 150, (1, 4): 50, (1, 6): 90}
    assert tuned(lambda lanes, threads, batch: best[lanes, threads], cores=6) == (3, 2, 1)


def test_batches_grow_for_as_long_as_that_pays(tuned: Callable[..., tuple[int, int, int]]) -> None:
    best = {1: 100, 2: 170, 4: 250, 8: 260, 16: 500}
    assert tuned(lambda lanes, threads, batch: best[batch], cores=1, max_batch=16) == (2, 1, 4)


def test_a_batch_that_was_slow_only_once_is_looked_at_again(tuned: Callable[..., tuple[int, int, int]]) -> None:
    looks = iter([60])  # at the first, another process had the cores

    def rate(lanes: int, threads: int, batch: int) -> float:
        return next(looks, 100) if batch == 1 else 100

    assert tuned(rate, cores=1) == (2, 1, 1)


def test_batches_never_grow_beyond_what_is_allowed(tuned: Callable[..., tuple[int, int, int]]) -> None:
    assert tuned(lambda lanes, threads, batch: 100 * batch, cores=1, max_batch=3) == (2, 1, 2)


def test_what_is_set_is_kept(tuned: Callable[..., tuple[int, int, int]]) -> None:
    def rate(lanes: int, threads: int, batch: int) -> float:
        return 80 * lanes

    assert tuned(rate, lanes=2) == (2, 2, 1)
    assert tuned(rate, threads=4) == (1, 4, 1)
    assert tuned(rate, lanes=3, threads=1) == (3, 1, 1)


@pytest.fixture
def threads_alone(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Tunes for an imagined machine of eight cores, whose runs side by side do not disturb each other; gives the
    threads that a photo runs in when it is alone."""

    def threads_alone(speedups: dict[int, float], asked: int | None = None, lanes: int | None = None) -> int:
        def imagined(sessions: Sequence[ThreadedSession], batch: int) -> float:
            return speedups[sessions[0].threads] if len(sessions) == 1 else 100.0 * len(sessions)

        def open_session(within: int) -> ThreadedSession:
            return ThreadedSession(toy_path, within)

        monkeypatch.setattr(tuning, "photos_per_second", imagined)
        tuned = tune(open_session, open_session(1), 8, lanes, None if lanes is None else 1, 1, asked)
        alone = tuned.alone
        assert (alone.threads if isinstance(alone, ThreadedSession) else 1) == tuned.threads_alone
        return tuned.threads_alone

    return threads_alone


def test_a_photo_that_is_alone_gets_as_many_threads_as_are_fastest(threads_alone: Callable[..., int]) -> None:
    assert threads_alone({1: 100, 2: 150, 4: 180, 8: 170}) == 4


def test_it_keeps_to_one_where_more_gain_little(threads_alone: Callable[..., int]) -> None:
    assert threads_alone({1: 100, 2: 105, 4: 109, 8: 80}) == 1


def test_the_threads_of_a_photo_that_is_alone_can_be_set(threads_alone: Callable[..., int]) -> None:
    assert threads_alone({1: 100, 2: 100, 4: 100, 8: 100}, asked=2) == 2
    assert threads_alone({1: 100, 2: 150, 4: 180, 8: 170}, asked=1) == 1
    assert threads_alone({1: 100, 2: 150, 4: 180, 8: 170}, asked=3, lanes=9) == 3, "as a replacement asks"


def test_where_the_lanes_are_set_nothing_is_measured(threads_alone: Callable[..., int]) -> None:
    assert threads_alone({1: 100, 2: 150, 4: 180, 8: 170}, lanes=2) == 1


def test_the_rate_is_that_of_all_lanes_together(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = threading.local()  # each lane's own, moved by nothing but its runs

    class TakesTwentyMilliseconds(Session):
        def run(self, images: Sequence[Image]) -> list[Prediction]:
            clock.now = now() + 0.02
            return []

    def now() -> float:
        return getattr(clock, "now", 0.0)

    monkeypatch.setattr(tuning, "time", SimpleNamespace(perf_counter=now))
    session = TakesTwentyMilliseconds(toy_path, "cpu", 1)
    assert photos_per_second((session,), 4) == pytest.approx(200)
    assert photos_per_second((session, session), 4) == pytest.approx(400)
