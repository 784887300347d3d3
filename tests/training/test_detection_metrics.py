"""Matching of found boxes with people, and the figures made of it, worked by hand."""

import numpy as np
import pytest

from training.evaluation.detection import asked_for, at_score, average_precision, match


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*values):
    return np.array(values, np.float32)


A, B = [0, 0, 40, 40], [60, 0, 100, 40]
BOTH = np.array([True, True])


def test_each_person_is_found_once_by_the_surest():
    found = match(boxes(A, A, B), scores(0.5, 0.9, 0.4), boxes(A, B), BOTH)
    assert found.scores.tolist() == pytest.approx([0.9, 0.5, 0.4])
    assert found.right.tolist() == [True, False, True]
    assert found.wanted == 2


def test_half_an_overlap_is_enough_and_less_is_not():
    truth = boxes([0, 0, 30, 10])
    assert match(boxes([10, 0, 40, 10]), scores(0.9), truth, np.array([True])).right.tolist() == [True]  # 20 / 40
    assert match(boxes([11, 0, 41, 10]), scores(0.9), truth, np.array([True])).right.tolist() == [False]


def test_small_people_neither_help_nor_hurt():
    asked = np.array([True, False])
    found = match(boxes(A, B), scores(0.9, 0.8), boxes(A, B), asked)
    assert (found.right.tolist(), found.wanted) == ([True], 1)
    near = match(boxes([60, 0, 100, 20]), scores(0.8), boxes(A, [60, 0, 100, 50]), asked)  # IoU 0.4
    assert near.right.tolist() == []
    far = match(boxes([60, 0, 100, 10]), scores(0.8), boxes(A, [60, 0, 100, 50]), asked)  # IoU 0.2
    assert far.right.tolist() == [False]


def test_people_of_2_percent_of_the_photo_are_asked_for():
    assert asked_for(boxes([0, 0, 20, 10], [0, 0, 19, 10]), 100, 100).tolist() == [True, False]


def test_nothing_found_and_nobody_there():
    assert match(boxes(), scores(), boxes(A), np.array([True])).wanted == 1
    assert match(boxes(A), scores(0.5), boxes(), np.zeros(0, bool)).right.tolist() == [False]


def test_figures_of_two_photos():
    photos = [
        match(boxes(A, B), scores(0.9, 0.3), boxes(A, B), BOTH),
        match(boxes([0, 60, 40, 100], A), scores(0.6, 0.5), boxes(A, B), BOTH),
    ]
    at = at_score(photos, 0.5)
    assert (at.recall, at.precision, at.f1) == pytest.approx((2 / 4, 2 / 3, 4 / 7))
    assert at_score(photos, 0.2).f1 == pytest.approx(3 / 4)
    # In order: right (1/1), wrong, right (2/3), right (3/4); made to fall: 1, 3/4, 3/4 at recalls of a quarter each.
    assert average_precision(photos) == pytest.approx((1 + 3 / 4 + 3 / 4) / 4)
