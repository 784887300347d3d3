"""From cells to boxes: peaks, clipping, suppression of doubles."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.data.box_overlap import overlaps
from training.networks.detector.cells import Cells
from training.networks.detector.decode import candidates, suppress
from training.networks.detector.detect import detect
from training.networks.detector.input_size import input_size


def cells(height, width, *people):
    """Cells that see nobody but ``people``: (row, column, logit, box height, box width in cells)."""
    center, size, offset = (
        torch.full((1, 1, height, width), -8.0),
        torch.ones(1, 2, height, width),
        torch.zeros(1, 2, height, width),
    )
    for row, column, logit, tall, wide in people:
        center[0, 0, row, column] = logit
        size[0, :, row, column] = torch.tensor([tall, wide])
        offset[0, :, row, column] = torch.tensor([0.25, 0.5])
    return Cells(center, size, offset)


def test_a_peak_becomes_a_box_in_input_pixels():
    boxes, scores = candidates(cells(16, 16, (6, 4, 2.0, 8, 4)), limit=3)
    assert boxes[0, 0].tolist() == [10, 9, 26, 41]  # middle (4.5, 6.25) cells, 4 × 8 cells, 4 pixels each
    assert scores[0, 0].item() == pytest.approx(1 / (1 + np.exp(-2)))
    assert scores[0, 1] < 0.01


def test_a_neighbour_of_a_higher_score_is_no_candidate():
    _, scores = candidates(cells(16, 16, (6, 4, 2.0, 8, 4), (6, 5, 1.5, 8, 4), (6, 8, 1.0, 8, 4)), limit=4)
    assert [round(score, 3) for score in scores[0, :2].tolist()] == [0.881, 0.731]
    assert scores[0, 2] < 0.01


def test_a_box_that_covers_less_than_a_fiftieth_of_the_input_is_no_candidate():
    # 64 × 64 pixels, of which a fiftieth is 81.9: 8 × 10 pixels are too few, 8 × 11 are not.
    boxes, scores = candidates(cells(16, 16, (6, 4, 2.0, 2.5, 2), (6, 12, 1.0, 2.75, 2)), limit=4)
    assert scores[0, 0].item() == pytest.approx(1 / (1 + np.exp(-1)))
    assert (boxes[0, 0, 2:] - boxes[0, 0, :2]).tolist() == [8, 11]
    # Too few within the input: 8 × 20 pixels of which 8 × 9 lie inside.
    _, scores = candidates(cells(16, 16, (0, 4, 2.0, 5, 2)), limit=1)
    assert scores[0, 0] > 0.8  # 8 × 11 pixels inside
    _, scores = candidates(cells(16, 16, (0, 4, 2.0, 4, 2)), limit=1)
    assert scores[0, 0] < 0.01  # 8 × 9 pixels inside


def test_boxes_end_at_the_inputs_rim():
    boxes, _ = candidates(cells(8, 8, (0, 7, 2.0, 20, 20)), limit=1)
    assert boxes[0, 0].tolist() == [0, 0, 32, 32]


def test_suppression_keeps_the_surest_of_doubles_and_neighbours_that_overlap_little():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [6, 0, 16, 10], [50, 50, 60, 60]], np.float32)
    scores = np.array([0.6, 0.9, 0.5, 0.05], np.float32)
    assert suppress(boxes, scores, 0.1, 0.6).tolist() == [1, 2]
    assert suppress(boxes, scores, 0.01, 0.9).tolist() == [1, 0, 2, 3]
    assert suppress(boxes[:0], scores[:0], 0.1, 0.6).tolist() == []


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2, st.integers(0, 100)), max_size=12))
def test_what_is_kept_is_sure_apart_and_in_order_and_what_is_not_has_a_reason(rows):
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[4] / 100 for row in rows], np.float32)
    kept = suppress(boxes, scores, 0.2, 0.5).tolist()
    assert all(scores[kept] >= 0.2)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    for index in range(len(rows)):
        like = overlaps(boxes[index], boxes[kept]) if kept else np.zeros(0)
        if index in kept:
            assert (like > 0.5).sum() == 1  # itself
        else:
            assert scores[index] < np.float32(0.2) or ((like > 0.5) & (scores[kept] >= scores[index])).any()


@pytest.mark.parametrize(
    ("photo", "side", "expected"),
    [
        ((900, 600), 192, (224, 160)),
        ((600, 900), 192, (160, 224)),
        ((416, 416), 192, (192, 192)),
        ((50, 3000), 192, (64, 1472)),
    ],
)
def test_the_input_has_the_photos_aspect_and_about_as_many_pixels(photo, side, expected):
    assert input_size(*photo, side) == expected


def test_boxes_come_back_in_the_photos_pixels():
    seen = {}

    def run(image):
        seen["shape"] = image.shape
        # All of the photo as it lies in the input: 224 × 150 of 224 × 160 … and a double.
        return np.array([[0, 5, 224, 155], [0, 6, 224, 155]], np.float32), np.array([0.9, 0.8], np.float32)

    photo = np.zeros((450, 672, 3), np.uint8)
    boxes, scores = detect(run, photo, 192)
    assert seen["shape"] == (160, 224, 3)
    assert boxes.tolist() == [[0, 0, 672, 450]]
    assert scores.tolist() == pytest.approx([0.9])
