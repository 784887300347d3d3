"""The box around each label of a label map."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from service.imaging.box import Box
from service.imaging.decode import Image

AT_ONCE: Final = 8
"""Labels that are looked for in one walk over the map: a bit of a byte for each."""


def label_boxes(ids: Image, labels: Sequence[int]) -> list[Box]:
    """The box around the pixels of each of the labels, all of which are in the label map (height, width)."""
    groups = [labels[start : start + AT_ONCE] for start in range(0, len(labels), AT_ONCE)]
    return [box for group in groups for box in _boxes_of_group(ids, group)]


def _boxes_of_group(ids: Image, labels: Sequence[int]) -> list[Box]:
    """:func:`label_boxes` of at most :data:`AT_ONCE` labels."""
    table = np.zeros(256, np.uint8)
    table[list(labels)] = [1 << bit for bit in range(len(labels))]
    bits = np.asarray(cv2.LUT(ids, table), np.uint8)
    in_columns = np.bitwise_or.reduce(bits, axis=0)
    in_rows = np.bitwise_or.reduce(bits, axis=1)
    boxes = []
    for bit in range(len(labels)):
        columns, rows = (np.flatnonzero(present & (1 << bit)) for present in (in_columns, in_rows))
        left, top = int(columns[0]), int(rows[0])
        boxes.append(Box(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top))
    return boxes
