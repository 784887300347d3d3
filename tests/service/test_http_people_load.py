"""Groups under load: counted by runs, refused whole, cancelled between detection and the model's runs."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.engine.detection.detector import Detected, PersonDetector
from service.imaging.fit import Fit
from tests.helpers import scenes
from tests.helpers.assertions import assert_problem
from tests.helpers.load_scene import Scene, scene
from tests.helpers.toy_detector import Figure, draw
from tests.helpers.toy_model import Image

NINE = scenes.NINE.png
TWO = draw(Figure(20, 40, 60, 160), Figure(200, 40, 60, 160)).png


class GatedDetector(PersonDetector):
    """A detector whose answers wait while the gate is shut."""

    def __init__(self, detector: PersonDetector) -> None:
        super().__init__(detector.session)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def detect(self, width: int, height: int, load: Callable[[Fit], Image]) -> Detected:
        """Detects, and answers once the gate is open."""
        found = super().detect(width, height, load)
        self.entered.release()
        assert self.gate.wait(20)
        return found


@pytest.fixture(scope="module")
def opened(detector_path: Path) -> PersonDetector:
    return PersonDetector.start(detector_path, "cpu")


@pytest.fixture
def detector(opened: PersonDetector) -> GatedDetector:
    return GatedDetector(opened)


@pytest.fixture
def on(toy_path: Path, detector: GatedDetector) -> Iterator[Scene]:
    with scene(toy_path, detector=detector, queue_size=10) as on:
        yield on


def people(answer: Any) -> int:
    assert answer.status_code == 200, answer.text
    return len(answer.json()["people"])


def test_a_group_of_nine_is_nine_runs(on: Scene) -> None:
    nine = on.post(photo=NINE)
    on.session.wait_until_entered()
    on.wait_until_under_way(9)
    on.session.gate.set()
    assert people(nine.result()) == 9
    assert on.session.batches == [1] * 9
    on.wait_until_under_way(0)


def test_a_group_that_does_not_fit_beside_others_is_refused_after_detection(
    toy_path: Path, detector: GatedDetector
) -> None:
    with scene(toy_path, detector=detector, queue_size=10) as on:
        detector.gate.clear()
        nine = on.post(photo=NINE)
        assert detector.entered.acquire(timeout=20)
        others = [on.post("/pose?people=one", TWO) for _ in range(2)]
        on.wait_until_under_way(3)
        detector.gate.set()
        refused = nine.result()
        assert_problem(refused, 503, "overloaded", "Try again in 1 s")
        assert refused.headers["Retry-After"] == "1"
        on.session.gate.set()
        assert [people(other.result()) for other in others] == [1, 1]
        assert on.session.batches == [1], "the others share a run, and no crop of the group has run"
        on.wait_until_under_way(0)
        assert people(on.client.post("/pose", content=NINE)) == 9, "now it fits"


def test_the_time_to_try_again_grows_with_what_is_under_way(toy_path: Path, detector: GatedDetector) -> None:
    with scene(toy_path, detector=detector, queue_size=30) as on:
        detector.gate.clear()
        nine = on.post(photo=NINE)
        assert detector.entered.acquire(timeout=20)
        others = [on.post("/pose?people=one", TWO) for _ in range(12)] + [
            on.post(f"/pose?{'&'.join(['box=1,2,30,40'] * 12)}", TWO)
        ]
        on.wait_until_under_way(25)
        detector.gate.set()
        refused = nine.result()
        assert_problem(refused, 503, "overloaded", "Try again in 3 s")
        on.session.gate.set()
        assert [other.result().status_code for other in others] == [200] * 13


def test_a_group_larger_than_the_queue_is_answered_when_it_is_alone(toy_path: Path, detector: GatedDetector) -> None:
    with scene(toy_path, detector=detector, queue_size=4) as on:
        on.session.gate.set()
        assert people(on.client.post("/pose", content=NINE)) == 9


def test_nine_people_under_load(toy_path: Path, detector: GatedDetector) -> None:
    with scene(toy_path, largest_batch=4, detector=detector, queue_size=128) as on:
        on.session.gate.set()
        answers = [on.post("/analyze", NINE if i % 3 == 0 else TWO) for i in range(12)]
        assert [people(answer.result()) for answer in answers] == [9 if i % 3 == 0 else 2 for i in range(12)]
        assert max(on.session.batches) > 1, "people of one photo share a run"
        on.wait_until_under_way(0)


def test_who_hangs_up_between_detection_and_the_runs_costs_none(toy_path: Path, detector: GatedDetector) -> None:
    with scene(toy_path, detector=detector, queue_size=20) as on:
        on.session.gate.set()
        detector.gate.clear()
        with on.posting(NINE):
            assert detector.entered.acquire(timeout=20)
        on.wait_until_under_way(0)
        detector.gate.set()
        assert people(on.client.post("/pose", content=TWO)) == 2
        assert on.session.batches == [1, 1], "only the two of the client that waited ran"


def test_who_hangs_up_during_the_runs_cancels_the_rest(toy_path: Path, detector: GatedDetector) -> None:
    with scene(toy_path, detector=detector, queue_size=20) as on:
        with on.posting(NINE):
            on.session.wait_until_entered()
            on.wait_until_under_way(9)
        on.wait_until_under_way(8)  # the runs' own slots; the photo's is free
        on.session.gate.set()
        on.wait_until_under_way(0)
        assert people(on.client.post("/pose", content=TWO)) == 2
        assert on.session.batches == [1, 1, 1], "one of the nine had begun"


def test_calls_for_the_same_people_share_their_runs(toy_path: Path, detector: GatedDetector) -> None:
    with scene(toy_path, detector=detector, queue_size=20) as on:
        calls = ["/pose", "/parse?format=json", "/pose?people=auto", "/pose?people=20", "/pose?people=1"]
        answers = [on.post(call, TWO) for call in calls]
        on.session.wait_until_entered()
        on.wait_until_under_way(6)
        on.session.gate.set()
        assert [people(answer.result()) for answer in answers] == [2, 2, 2, 2, 1]
        assert sum(on.session.batches) == 3, "two for everybody, one for the surest"


def test_a_detector_that_fails_is_the_photos_failure(
    on: Scene, detector: GatedDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    on.session.gate.set()
    run = detector.session._run_batch

    def fails(images: Any) -> Any:
        if len(images[0]) == 128:
            raise RuntimeError("no")
        return run(images)

    monkeypatch.setattr(detector.session, "_run_batch", fails)
    assert_problem(on.client.post("/pose", content=TWO), 500, "inference-failed", "failed on this photo")
    on.wait_until_under_way(0)
    assert on.client.post("/pose?people=one", content=TWO).status_code == 200
