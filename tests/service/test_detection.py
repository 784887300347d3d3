"""The detector: its file, its answers, and who is a double."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.engine.detection.detector import Detected, PersonDetector
from service.engine.detection.session import Candidates, DetectorSession
from service.engine.detection.suppression import overlaps, suppress
from service.engine.errors import InferenceError, StartError
from service.imaging.decode import Image
from service.imaging.fit import fit_photo
from service.settings import MODELS, Settings
from tests.helpers.toy_detector import NOBODY, THRESHOLD, Figure, draw, toy_detector_card, write_toy_detector
from tests.helpers.toy_model import toy_card, write_toy_model


@pytest.fixture(scope="module")
def detector(detector_path: Path) -> PersonDetector:
    return PersonDetector.start(detector_path, "cpu")


def detect(detector: PersonDetector, photo: Image) -> Detected:
    """The people of a photo that is laid into the detector's inputs by itself."""
    height, width = photo.shape[:2]
    return detector.detect(width, height, lambda fit: fit_photo(photo, fit, detector.card.pad_color))


def test_overlap_is_what_both_have_by_what_either_has() -> None:
    box = np.array([0, 0, 4, 4], np.float32)
    others = np.array([[0, 0, 4, 4], [2, 0, 6, 4], [4, 0, 8, 4], [1, 1, 3, 3], [0, 0, 0, 0]], np.float32)
    assert overlaps(box, others).tolist() == pytest.approx([1, 8 / 24, 0, 4 / 16, 0])


def test_of_doubles_the_surest_stays_and_who_is_unsure_goes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [40, 0, 50, 10]], np.float32)
    scores = np.array([0.8, 0.9, 0.5, 0.2], np.float32)
    assert suppress(boxes, scores, 0.3, 0.6).tolist() == [1, 2]
    assert suppress(boxes, scores, 0.3, 0.9).tolist() == [1, 0, 2]


def test_people_come_in_pixels_of_the_photo_the_largest_first(detector: PersonDetector) -> None:
    small, large = Figure(20, 40, 60, 120), Figure(200, 20, 90, 200, 0.6)
    (fit,) = detector.fits(384, 256)
    assert (fit.input_width, fit.input_height) == (192, 128)
    found = detect(detector, draw(small, large).photo).people
    assert [person.box for person in found] == [(200, 20, 90, 200), (20, 40, 60, 120)]
    assert [person.score for person in found] == pytest.approx([0.6, 1], abs=0.01)


def test_boxes_lie_within_the_photo_and_have_a_pixel_at_least(detector: PersonDetector) -> None:
    (fit,) = detector.fits(100, 400)
    boxes = np.array([[-50, -50, 500, 500], [95.9, 383.9, 96, 384], [0, 0, 0, 0]], np.float32)
    found = detector.find(Candidates(boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.0), fit)
    assert [person.score for person in found] == pytest.approx([0.9, 0.8, 0.7])
    for person in found:
        assert person.box == person.box.within(100, 400)
        assert min(person.box[2:]) >= 1
    assert found[0].box == (0, 0, 100, 400)


def test_photos_of_several_sizes_run_side_by_side_and_come_back_in_order(detector: PersonDetector) -> None:
    scenes = [draw(Figure(10 + 20 * i, 20, 40, 60), width=192 + 64 * (i % 3), height=128).photo for i in range(7)]
    answers = detector.session.run(scenes)
    for number, (answer, scene) in enumerate(zip(answers, scenes, strict=True)):
        assert answer.boxes[0].tolist() == [10 + 20 * number, 20, 50 + 20 * number, 80]
        np.testing.assert_array_equal(answer.scores, detector.session.detect(scene).scores)


class CountedSession(DetectorSession):
    """Notes the width and height of the input of each run."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, "cpu")
        self.inputs: list[tuple[int, int]] = []

    def detect(self, image: Image) -> Candidates:
        """Detects as ever; each run is said to take a second."""
        self.inputs.append((image.shape[1], image.shape[0]))
        return replace(super().detect(image), run_seconds=1.0)


SMALLER, LARGER = (160, 96), (384, 256)
"""Width and height of the inputs of sides 128 and 314 for a photo of 384×256."""
LONE = Figure(100, 20, 166, 210)
"""Somebody on 35.5 % of it."""


@pytest.fixture(scope="module")
def with_large_input(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector whose card's side is above the first one."""
    return write_toy_detector(tmp_path_factory.mktemp("detector") / "toy-detect.onnx", toy_detector_card(side=314))


@pytest.mark.parametrize(
    ("figures", "inputs"),
    [
        ([LONE], [SMALLER]),
        ([LONE._replace(score=0.97)], [SMALLER]),
        ([LONE, Figure(10, 10, 40, 80, 0.2)], [SMALLER]),  # who is unsure is nobody
        ([Figure(100, 20, 160, 210)], [SMALLER, LARGER]),  # 34 %
        ([LONE, Figure(10, 10, 40, 80)], [SMALLER, LARGER]),
        ([LONE._replace(score=0.95)], [SMALLER, LARGER]),
        ([LONE._replace(score=0.2)], [SMALLER, LARGER]),
        ([], [SMALLER, LARGER]),
    ],
    ids=["fills", "sure", "beside-unsure", "smaller", "two", "not-sure", "unsure", "nobody"],
)
def test_only_one_person_who_fills_the_photo_is_found_by_one_small_run(
    with_large_input: Path, figures: list[Figure], inputs: list[tuple[int, int]]
) -> None:
    session = CountedSession(with_large_input)
    detector = PersonDetector(session)
    people, seconds = detect(detector, draw(*figures).photo)
    assert session.inputs == inputs
    assert seconds == len(inputs), "of all runs"
    sure = [figure for figure in figures if figure.score >= THRESHOLD]
    assert len(people) == len(sure)
    if inputs[-1] == LARGER:
        assert [list(person.box) for person in people] == [figure.box for figure in sure]


def test_people_of_the_second_run_alone_are_answered(with_large_input: Path) -> None:
    """Edges on odd pixels are exact in the larger input only."""
    odd = Figure(31, 21, 60, 120)
    detector = PersonDetector(CountedSession(with_large_input))
    people, _ = detect(detector, draw(odd).photo)
    assert [list(person.box) for person in people] == [odd.box]


@pytest.mark.parametrize(("width", "height"), [(384, 256), (300, 400), (256, 640)])
def test_boxes_of_the_small_run_are_in_pixels_of_the_photo(with_large_input: Path, width: int, height: int) -> None:
    """Also where both inputs have a border, of different widths."""
    figure = Figure(width // 10 * 2, height // 10 * 2, width // 10 * 6, height // 10 * 8)
    session = CountedSession(with_large_input)
    detector = PersonDetector(session)
    ((box, _),), _ = detect(detector, draw(figure, width=width, height=height).photo)
    assert len(session.inputs) == 1
    assert list(box) == pytest.approx(figure.box, abs=6), "within two pixels of the small input"


def test_where_the_input_is_small_it_runs_once(tmp_path: Path) -> None:
    file = write_toy_detector(tmp_path / "d.onnx", toy_detector_card())
    session = CountedSession(file)
    detector = PersonDetector(session)
    assert not detect(detector, draw().photo).people
    assert session.inputs == [(192, 128)]


def test_a_picture_that_the_file_cannot_take_is_a_failure_of_the_model(detector: PersonDetector) -> None:
    with pytest.raises(InferenceError, match="failed on this photo"):
        detector.session.detect(np.zeros((8, 8), np.uint8))


def started(tmp_path: Path, **changes: Any) -> PersonDetector:
    return PersonDetector.start(write_toy_detector(tmp_path / "d.onnx", toy_detector_card(**changes)), "cpu")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"no detector file at .*missing.onnx.*JPPNET_DETECTOR"):
        PersonDetector.start(tmp_path / "missing.onnx", "cpu")


def test_a_file_without_a_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"python -m export.detector"):
        PersonDetector.start(write_toy_detector(tmp_path / "d.onnx", None), "cpu")


def test_a_model_is_no_detector_and_a_detector_no_model(tmp_path: Path, toy_path: Path) -> None:
    with pytest.raises(StartError, match="kind"):
        PersonDetector.start(toy_path, "cpu")
    card = toy_card() | toy_detector_card()
    with pytest.raises(StartError, match="is no detector: it must take"):
        PersonDetector.start(write_toy_model(tmp_path / "m.onnx", card), "cpu")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"schema": 2}, "schema 2"),
        ({"kind": "parse"}, "kind"),
        ({"score": 1.5}, "score"),
        ({"side": 0}, "side"),
        ({"fit": "squash"}, "fit"),
    ],
)
def test_what_is_wrong_in_a_card_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(StartError, match=named):
        started(tmp_path, **changes)


@pytest.mark.parametrize(
    "golden",
    [
        {"boxes": [[20.0, 10.0, 60.0, 90.0], [100.0, 30.0, 110.0, 120.0]]},
        {"scores": [1.0, 0.5]},
        {"boxes": [[20.0, 10.0, 60.0, 90.0], [0.0, 0.0, 10.0, 10.0]]},
    ],
)
def test_golden_people_who_do_not_come_back_end_the_start(tmp_path: Path, golden: dict[str, Any]) -> None:
    with pytest.raises(StartError, match=r"does not compute.*what it did when it was made"):
        started(tmp_path, golden=toy_detector_card()["golden"] | golden)


def test_the_setting_names_a_file_a_shipped_detector_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings().detector is None, "an empty variable"
    monkeypatch.setenv("JPPNET_DETECTOR", str(tmp_path / "mine.onnx"))
    assert Settings().detector == tmp_path / "mine.onnx"
    monkeypatch.setattr("service.settings.MODELS", tmp_path)
    (tmp_path / "jppnet-detect.int8.onnx").touch()
    monkeypatch.setenv("JPPNET_DETECTOR", "jppnet-detect.int8")
    assert Settings().detector == tmp_path / "jppnet-detect.int8.onnx"
    monkeypatch.delenv("JPPNET_DETECTOR")
    assert Settings().detector == tmp_path / "jppnet-detect.int8.onnx"
    (tmp_path / "jppnet-detect.onnx").touch()
    assert Settings().detector == tmp_path / "jppnet-detect.onnx"
    assert MODELS.is_dir()


def test_nobodys_blue_is_nobody(detector: PersonDetector) -> None:
    photo = np.full((128, 192, 3), (0, 255, NOBODY), np.uint8)
    assert not detect(detector, photo).people
