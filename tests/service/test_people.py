"""Who is in the photo: the mask or the joints may say so, and each alone is enough."""

import numpy as np
import pytest

from service.engine.detection.detector import Detection
from service.engine.model.session import Prediction
from service.engine.photo.people import choose_people, reach, without_bystanders
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


def person(width: int, height: int, score: float) -> Detection:
    return Detection(Box(0, 0, width, height), score)


def test_who_is_small_in_the_photo_and_beside_the_largest_is_a_bystander() -> None:
    largest = person(100, 50, 0.5)  # of a photo of 100 × 200: a quarter
    assert without_bystanders([largest, person(25, 30, 0.9)], 20_000) == [largest, person(25, 30, 0.9)], "15 % of it"
    assert without_bystanders([largest, person(25, 29, 0.9)], 20_000) == [largest]
    small = person(10, 10, 0.9)
    assert without_bystanders([small, person(4, 4, 0.9)], 20_000) == [small, person(4, 4, 0.9)], "all are small"
    assert without_bystanders([], 20_000) == []


def test_beside_a_portrait_who_is_smaller_and_less_sure_is_a_bystander_too() -> None:
    portrait = person(100, 60, 0.8)  # of a photo of 100 × 200: 30 %
    large, small = person(25, 60, 0.4), person(25, 59, 0.71)
    assert without_bystanders([portrait, large, small], 20_000) == [portrait, large]
    sure = small._replace(score=0.73)
    assert without_bystanders([portrait, sure], 20_000) == [portrait, sure], "nine tenths of the portrait's score"
    assert without_bystanders([portrait, small], 20_001) == [portrait, small], "no portrait"


def test_the_surest_are_chosen_and_keep_their_order() -> None:
    people = [person(50, 50, 0.5), person(40, 50, 0.9), person(30, 50, 0.7)]
    assert choose_people(people, 2, 100, 100) == people[1:]


def test_labels_count_a_little_beyond_the_box_and_further_where_nobody_else_is() -> None:
    person = Box(100, 100, 100, 200)
    assert reach(person, 1000, 1000, is_alone=False) == (97, 94, 106, 212)
    assert reach(person, 1000, 1000, is_alone=True) == (96, 91, 108, 218)
    assert reach(person, 203, 305, is_alone=True) == (96, 91, 107, 214), "within the photo"
