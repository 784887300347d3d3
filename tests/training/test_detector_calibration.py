"""The calibration of the detector's scores: fitted numbers, on outcomes whose probabilities are known."""

import cv2
import numpy as np
import pytest

from training.errors.input_error import InputError
from training.evaluation.detector_calibration import CEILING, Outcomes, collect_outcomes, fit_score_calibration


def outcomes(count: int = 20_000, offset: float = 1.0, slope: float = 2.0, size: float = 0.5) -> Outcomes:
    """Boxes that are right with the probability that these numbers give."""
    rng = np.random.default_rng(0)
    logits, log_shares = rng.uniform(-2, 2, count), rng.uniform(-4, 0, count)
    odds = offset + slope * np.minimum(logits, CEILING) + size * log_shares
    return Outcomes(logits, log_shares, rng.random(count) < 1 / (1 + np.exp(-odds)), np.ones(count))


def test_the_numbers_by_which_boxes_are_right_are_found() -> None:
    fitted = fit_score_calibration(outcomes())
    assert fitted.ceiling == CEILING
    assert (fitted.offset, fitted.slope, fitted.size) == pytest.approx((1.0, 2.0, 0.5), abs=0.1)


def test_a_weight_counts_as_so_many_boxes() -> None:
    once = outcomes(500)
    twice = Outcomes(*(np.concatenate([values, values]) for values in once))
    heavy = once._replace(weights=np.full(500, 2.0))
    assert fit_score_calibration(heavy).model_dump() == pytest.approx(
        fit_score_calibration(twice).model_dump(), rel=1e-4
    )


def test_a_larger_box_is_never_less_sure() -> None:
    assert fit_score_calibration(outcomes(size=-0.5)).size == 0


@pytest.mark.parametrize("right", [True, False])
def test_boxes_that_are_all_right_or_all_wrong_calibrate_nothing(right: bool) -> None:
    with pytest.raises(InputError, match="cannot be calibrated: of 10 boxes"):
        fit_score_calibration(outcomes(10)._replace(right=np.full(10, right)))


class People:
    """Photos of 96 × 96 pixels; on each one person."""

    def __init__(self, folder, names):
        self.folder = folder
        for name in names:
            self.photo(name).write_bytes(_jpeg())

    def photo(self, name):
        return self.folder / f"{name}.jpg"

    def squeezed_boxes(self, name):
        return np.array([[0, 0, 50, 50]], np.float32)


def _jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((96, 96, 3), 128, np.uint8))[1])


def test_boxes_are_right_or_wrong_and_on_photos_of_nobody_wrong(tmp_path) -> None:
    people = People(tmp_path, ["a"])
    (tmp_path / "nobody.jpg").write_bytes(_jpeg())
    # In an input of 96 × 96: the person, somebody who is not there, and a box that hardly anybody sees.
    boxes = np.array([[0, 0, 50, 50], [48, 48, 96, 96], [0, 48, 48, 96]], np.float32)
    scores = np.array([0.75, 0.5, 0.05], np.float32)
    found = collect_outcomes(lambda image: (boxes, scores), 96, people, ["a"], [tmp_path / "nobody.jpg"])
    assert found.right.tolist() == [True, False, False, False]
    np.testing.assert_allclose(found.logits, [np.log(3), 0, np.log(3), 0], atol=1e-6)
    np.testing.assert_allclose(np.exp(found.log_shares), [2500 / 9216, 0.25] * 2, rtol=1e-5)
    assert found.weights.tolist() == [1, 1, 5, 5]
