"""Lanes batch greedily, resolve every future, drop who no longer waits, and know a broken device from a bad photo."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

from service.engine.errors import ClosedError, DeadlineError, DeviceError, InferenceError
from service.engine.model.card import read_card
from service.engine.model.golden import golden_check
from service.engine.model.session import Session
from service.engine.scheduling import lane_activity
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.lanes import Lanes
from service.settings import MODELS
from tests.helpers.gated_session import GatedSession, Image
from tests.helpers.toy_model import HEIGHT, WIDTH, paint


@pytest.fixture
def session(toy_path: Path) -> GatedSession:
    return GatedSession(toy_path)


@pytest.fixture
def lanes(session: GatedSession) -> Iterator[Lanes]:
    """One lane, batches up to 4."""
    lanes = Lanes([session], 4, golden_check(read_card(session.metadata, "toy")))
    yield lanes
    session.gate.set()
    lanes.close()


def photo(number: int) -> Callable[[], Image]:
    """Gives a photo whose first joint tells its number."""
    return lambda: paint(WIDTH, HEIGHT, {1: (4 * number, 8, 4, 4)})


def occupy(session: GatedSession, lanes: Lanes) -> None:
    """Lets the lane start on a photo and holds it there."""
    session.gate.clear()
    lanes.submit(photo(0))
    session.wait_until_entered()


def test_a_lone_photo_runs_at_once(session: GatedSession, lanes: Lanes) -> None:
    assert lanes.submit(photo(3)).result(20).keypoints[0, 0] == 13.5
    assert session.batches == [1]


def test_what_waits_is_taken_together_up_to_the_largest_batch(session: GatedSession, lanes: Lanes) -> None:
    occupy(session, lanes)
    futures = [lanes.submit(photo(number)) for number in range(7)]
    session.gate.set()
    assert [future.result(20).keypoints[0, 0] for future in futures] == [4 * n + 1.5 for n in range(7)]
    assert session.batches == [1, 4, 3]


def test_a_cancelled_photo_never_runs(session: GatedSession, lanes: Lanes) -> None:
    occupy(session, lanes)
    gone, stays = lanes.submit(photo(1)), lanes.submit(photo(2))
    assert gone.cancel()
    session.gate.set()
    stays.result(20)
    assert session.batches == [1, 1]
    with pytest.raises(CancelledError):
        gone.result()


def test_a_photo_past_its_deadline_never_runs(session: GatedSession, lanes: Lanes) -> None:
    occupy(session, lanes)
    now = time.monotonic()
    late, stays = lanes.submit(photo(1), Deadline(now + 0.01)), lanes.submit(photo(2), Deadline(now + 60))
    time.sleep(0.02)
    session.gate.set()
    stays.result(20)
    with pytest.raises(DeadlineError):
        late.result(20)
    assert session.batches == [1, 1]


def test_in_a_failing_batch_only_the_photo_at_fault_fails(session: GatedSession, lanes: Lanes) -> None:
    occupy(session, lanes)
    session.poison = photo(2)()
    futures = [lanes.submit(photo(number)) for number in range(1, 4)]
    session.gate.set()
    assert futures[0].result(20).keypoints[0, 0] == 5.5
    assert futures[2].result(20).keypoints[0, 0] == 13.5
    with pytest.raises(InferenceError):
        futures[1].result(20)
    assert lanes.fault is None
    assert lanes.submit(photo(4)).result(20).keypoints[0, 0] == 17.5


def test_a_broken_device_fails_all_that_wait_and_stays_broken(session: GatedSession, lanes: Lanes) -> None:
    occupy(session, lanes)
    waiting = [lanes.submit(photo(number)) for number in range(9)]
    session.is_broken = True
    session.gate.set()
    for future in waiting:
        with pytest.raises(DeviceError, match="must be restarted"):
            future.result(20)
    assert lanes.fault is not None
    session.is_broken = False
    with pytest.raises(DeviceError):
        lanes.submit(photo(1)).result(20)


def test_closing_answers_what_waits_and_takes_no_more(session: GatedSession, lanes: Lanes) -> None:
    occupy(session, lanes)
    waiting = [lanes.submit(photo(number)) for number in range(6)]
    session.gate.set()
    lanes.close()
    assert all(future.done() and future.exception() is None for future in waiting)
    with pytest.raises(ClosedError):
        lanes.submit(photo(0))


def test_several_lanes_run_side_by_side_and_all_end(toy_path: Path) -> None:
    pair = [GatedSession(toy_path), GatedSession(toy_path)]
    for session in pair:
        session.gate.clear()
    lanes = Lanes(pair, 1, golden_check(read_card(pair[0].metadata, "toy")))
    futures = [lanes.submit(photo(number)) for number in range(2)]
    for session in pair:
        session.wait_until_entered()
    for session in pair:
        session.gate.set()
    np.testing.assert_allclose([future.result(20).keypoints[0, 0] for future in futures], [1.5, 5.5])
    lanes.close()


LanesWithOne = tuple[Lanes, list[GatedSession], GatedSession]
"""Two lanes with their sessions, and the session for a photo that is alone."""


@pytest.fixture
def with_one_alone(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LanesWithOne]:
    """Of which a photo is alone as soon as no other is at work."""
    monkeypatch.setattr(lane_activity, "CALM_SECONDS", 0)
    *pair, alone = (GatedSession(toy_path) for _ in range(3))
    lanes = Lanes(pair, 1, golden_check(read_card(alone.metadata, "toy")), alone=alone)
    yield lanes, pair, alone
    for session in (*pair, alone):
        session.gate.set()
    lanes.close()


def test_a_photo_that_is_alone_runs_in_the_session_for_that(
    with_one_alone: LanesWithOne,
) -> None:
    lanes, pair, alone = with_one_alone
    for number in range(3):
        assert lanes.submit(photo(number)).result(20).keypoints[0, 0] == 4 * number + 1.5
        wait_until_idle(lanes)
    assert (alone.batches, [session.batches for session in pair]) == ([1, 1, 1], [[], []])


def test_a_second_photo_runs_beside_it_in_a_lanes_own_session(
    with_one_alone: LanesWithOne,
) -> None:
    lanes, pair, alone = with_one_alone
    alone.gate.clear()
    first = lanes.submit(photo(1))
    alone.wait_until_entered()
    assert lanes.submit(photo(2)).result(20).keypoints[0, 0] == 9.5
    assert not first.done()
    alone.gate.set()
    assert first.result(20).keypoints[0, 0] == 5.5
    assert [*pair[0].batches, *pair[1].batches] == [1]


def test_after_two_at_once_a_photo_is_alone_only_when_it_has_been_calm(
    with_one_alone: LanesWithOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes, pair, alone = with_one_alone
    alone.gate.clear()
    lanes.submit(photo(1))
    alone.wait_until_entered()
    lanes.submit(photo(2)).result(20)
    monkeypatch.setattr(lane_activity, "CALM_SECONDS", 1000)
    alone.gate.set()
    wait_until_idle(lanes)
    lanes.submit(photo(3)).result(20)
    assert alone.batches == [1]
    assert [*pair[0].batches, *pair[1].batches] == [1, 1]


def test_one_or_all_cores_give_the_same_answer() -> None:
    """To the bit: labels, confidences and joints, of both of the shipped model's precisions."""
    for name in ("jppnet-lite.onnx", "jppnet-lite.int8.onnx"):
        sessions = [Session(MODELS / name, "cpu", threads) for threads in (1, 2, 3)]
        images = np.random.default_rng(1).integers(0, 256, (3, *shape_of(sessions[0]), 3), np.uint8)
        images[1] = 7
        for image in images:
            first, *others = (session.run([image])[0] for session in sessions)
            for other in others:
                np.testing.assert_array_equal(other.labels, first.labels)
                np.testing.assert_array_equal(other.confidence, first.confidence)
                np.testing.assert_array_equal(other.keypoints, first.keypoints)


def shape_of(session: Session) -> tuple[int, int]:
    return session.input_height, session.input_width


def wait_until_idle(lanes: Lanes) -> None:
    """A lane counts as at work until it has let go of the photo, which is after its answer."""
    until = time.monotonic() + 20
    while lanes._activity._working and time.monotonic() < until:
        time.sleep(0.001)
