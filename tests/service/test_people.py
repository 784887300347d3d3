"""Who is in the photo: the mask or the joints may say so, and each alone is enough."""

import numpy as np
import pytest

from service.engine.model.session import Prediction
from service.engine.photo.people import clear_people, person_score, reach
from service.engine.photo.view import Person, View
from service.imaging.box import Box
from service.imaging.fit import plan_fit
from tests.helpers.toy_model import HEIGHT, JOINTS, STRIDE, WIDTH

PHOTO = (4 * HEIGHT, 4 * WIDTH)
GRID = (HEIGHT // STRIDE, WIDTH // STRIDE)


def view_of(labels: np.ndarray, scores: list[float], confidence: int = 255) -> View:
    """A view whose joints lie at (10, 20), (12, 24) and (14, 28) in the input."""
    joints = np.array([[10 + 2 * j, 20 + 4 * j, score] for j, score in enumerate(scores)], np.float32)
    prediction = Prediction(labels.astype(np.uint8), np.full(GRID, confidence, np.uint8), joints.reshape(-1, 3))
    return View(Box(0, 0, *PHOTO[::-1]), plan_fit(PHOTO, (HEIGHT, WIDTH), "letterbox"), prediction)


def person_in(labels: np.ndarray, scores: list[float]) -> Person | None:
    return view_of(labels, scores).person


def test_without_labels_and_with_joints_that_score_nothing_nobody_is_there() -> None:
    assert person_in(np.zeros(GRID), [0.05] * len(JOINTS)) is None


def test_joints_alone_show_a_person_in_the_box_around_those_that_are_sure() -> None:
    person = person_in(np.zeros(GRID), [0.3, 0.3, 0.05])
    assert person
    # Input (10, 20) and (12, 24) are photo (41.5, 81.5) and (49.5, 97.5).
    assert person.box == (41, 81, 9, 17)
    assert person.score == pytest.approx(0.65 / 3)


def test_a_mask_alone_shows_a_person_in_its_own_box() -> None:
    labels = np.zeros(GRID)
    labels[4:8, 2:5] = 1
    person = person_in(labels, [0.0] * len(JOINTS))
    assert person
    assert person.box == (16, 32, 24, 32)


def test_where_both_show_one_the_mask_gives_the_box() -> None:
    labels = np.zeros(GRID)
    labels[4:8, 2:5] = 1
    person = person_in(labels, [0.9] * len(JOINTS))
    assert person
    assert person.box == (16, 32, 24, 32)


def test_the_score_is_the_detectors_and_by_a_third_what_the_model_says() -> None:
    labels = np.zeros(GRID)
    labels[4:8, 2:5] = 1
    joints = [0.3, 0.6, 0.9]
    half = view_of(labels, joints, confidence=51)
    assert person_score(0.7, half, has_labels=True) == pytest.approx((2 * 0.7 + 0.2) / 3)
    nothing = view_of(np.zeros(GRID), joints)
    assert person_score(0.7, nothing, has_labels=False) == pytest.approx((2 * 0.7 + 0.6) / 3)
    assert person_score(0.7, nothing, has_labels=True) == pytest.approx(2 * 0.7 / 3), "labels that nobody has"


def test_who_is_much_smaller_and_much_less_sure_than_the_largest_is_a_bystander() -> None:
    main = Box(0, 0, 100, 100)
    small, less_small = Box(0, 0, 100, 29), Box(0, 0, 100, 30)
    assert clear_people([main, less_small, small], [1.0, 0.1, 0.64]) == [0, 1]
    assert clear_people([main, less_small, small], [1.0, 0.1, 0.65]) == [0, 1, 2]
    assert clear_people([main, small], [0.5, 0.33]) == [0, 1], "it is the largest's score that counts"
    assert clear_people([], []) == []


def test_labels_count_a_little_beyond_the_box_and_further_where_nobody_else_is() -> None:
    person = Box(100, 100, 100, 200)
    assert reach(person, 1000, 1000, is_alone=False) == (97, 94, 106, 212)
    assert reach(person, 1000, 1000, is_alone=True) == (96, 91, 108, 218)
    assert reach(person, 203, 305, is_alone=True) == (96, 91, 107, 214), "within the photo"
