"""Overlapping label maps become one: parts over background, the surer part over the other."""

import numpy as np

from service.imaging.box import Box
from service.imaging.merge import LabelledBox, merge_label_maps


def piece(box: Box, label: int, confidence: int) -> LabelledBox:
    shape = (box.height, box.width)
    return LabelledBox(box, np.full(shape, label, np.uint8), np.full(shape, confidence, np.uint8))


def test_pieces_lie_where_their_boxes_are_and_the_rest_is_background() -> None:
    merged = merge_label_maps([piece(Box(1, 0, 2, 1), 5, 9), piece(Box(0, 2, 1, 1), 7, 9)], width=4, height=3)
    assert merged.ids.tolist() == [[0, 5, 5, 0], [0, 0, 0, 0], [7, 0, 0, 0]]
    assert merged.owners.tolist() == [[0, 1, 1, 0], [0, 0, 0, 0], [2, 0, 0, 0]]


def test_of_two_parts_the_surer_wins_in_whatever_order_they_come() -> None:
    sure, unsure = piece(Box(0, 0, 2, 1), 5, 200), piece(Box(1, 0, 2, 1), 7, 100)
    for label_maps, owners in (([sure, unsure], [1, 1, 2]), ([unsure, sure], [2, 2, 1])):
        merged = merge_label_maps(label_maps, width=3, height=1)
        assert merged.ids.tolist() == [[5, 5, 7]]
        assert merged.owners.tolist() == [owners]


def test_a_part_wins_over_background_however_sure_that_is() -> None:
    part, background = piece(Box(0, 0, 1, 1), 5, 100), piece(Box(0, 0, 1, 1), 0, 255)
    for label_maps in ([part, background], [background, part]):
        assert merge_label_maps(label_maps, width=1, height=1).ids.tolist() == [[5]]
