"""The service finds people in a photo as training does, when the detector says the same of it."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.detection import suppression
from service.engine.detection.detector import PersonDetector
from service.engine.detection.input_size import input_size
from service.engine.detection.session import Candidates
from service.imaging.fit import fit_photo, plan_fit
from tests.helpers.toy_detector import toy_detector_card, write_toy_detector
from training.data.fit import PAD_COLOR
from training.networks.detector import decode as taught
from training.networks.detector import detect as taught_detect
from training.networks.detector import input_size as taught_size

Boxes = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> PersonDetector:
    """Only its card matters here: threshold and overlap."""
    file = write_toy_detector(tmp_path_factory.mktemp("detector") / "d.onnx", toy_detector_card(score=0.03))
    return PersonDetector.start(file, "cpu")


rows = st.lists(
    st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2, st.integers(0, 10)), min_size=1, max_size=20
)


@given(rows, st.sampled_from([0.0, 0.3, 0.55]), st.sampled_from([0.3, 0.6]))
def test_training_suppresses_the_same(rows: list[tuple[int, ...]], least: float, most_overlap: float) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in rows], np.float32)
    scores = np.array([row[4] / 10 for row in rows], np.float32)
    ours, theirs = (module.suppress(boxes, scores, least, most_overlap) for module in (taught, suppression))
    np.testing.assert_array_equal(ours, theirs)


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([128, 160, 192, 224]))
def test_training_chooses_the_same_input(height: int, width: int, side: int) -> None:
    assert input_size(height, width, side, 32) == taught_size.input_size(height, width, side)


@pytest.mark.parametrize("size", [(256, 384), (300, 200), (97, 411), (1000, 80)])
def test_training_sees_the_same_picture_and_gives_the_same_boxes(
    size: tuple[int, int], detector: PersonDetector
) -> None:
    """With the same candidates, over the whole way from a photo's pixels to boxes in it."""
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    boxes = np.array([[10, 20, 60, 90], [11, 20, 60, 92], [0, 0, 30, 500]], np.float32)
    scores = np.array([0.9, 0.8, 0.5], np.float32)
    seen: list[npt.NDArray[np.uint8]] = []

    def run(image: npt.NDArray[np.uint8]) -> tuple[Boxes, Boxes]:
        seen.append(image)
        return boxes, scores

    theirs, their_scores = taught_detect.detect(run, photo, 192)
    fit = plan_fit(size, input_size(*size, 192, 32), "letterbox")
    np.testing.assert_array_equal(seen[0], fit_photo(photo, fit, PAD_COLOR))
    ours = detector.find(Candidates(boxes, scores, 0.0), fit)
    assert sorted(person.score for person in ours) == pytest.approx(sorted(their_scores.tolist()))
    for person in ours:
        box = theirs[np.argmin(np.abs(their_scores - person.score))]
        corners = (person.box.x, person.box.y, person.box.x + person.box.width, person.box.y + person.box.height)
        assert corners == pytest.approx(box.tolist(), abs=1)
