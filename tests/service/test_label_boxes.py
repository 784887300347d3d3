"""The box around each label, however many there are."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from service.imaging.label_boxes import label_boxes


def test_each_label_has_its_box() -> None:
    ids = np.array([[0, 5, 0], [5, 5, 0], [0, 0, 9]], np.uint8)
    assert label_boxes(ids, [0, 5, 9]) == [(0, 0, 3, 3), (0, 0, 2, 2), (2, 2, 1, 1)]


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 255)))
def test_it_is_the_bounding_rectangle_of_the_labels_pixels(ids: np.ndarray) -> None:
    labels = np.unique(ids).tolist()
    expected = [cv2.boundingRect((ids == label).view(np.uint8)) for label in labels]
    assert label_boxes(ids, labels) == expected
