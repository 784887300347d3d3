"""Label maps of several, maybe overlapping boxes of a photo, as one label map of the whole photo."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from service.imaging.box import Box
from service.imaging.decode import Image


class LabelledBox(NamedTuple):
    """A box of the photo, and for each of its pixels (height, width) the label id and how sure that is."""

    box: Box
    ids: Image
    confidence: Image


class MergedLabelMaps(NamedTuple):
    """The label id of every photo pixel (height, width), and the box that it is from, counted from 1; 0 for none."""

    ids: Image
    owners: Image


def merge_label_maps(label_maps: Iterable[LabelledBox], width: int, height: int) -> MergedLabelMaps:
    """The label maps of at most 255 boxes as one; what no piece labels is background.

    Where pieces overlap, a part wins over background (a box sees its neighbour's person only in part, and may take it
    for background), and of two parts the surer one.
    """
    merged = np.zeros((height, width), np.uint8)
    owners = np.zeros((height, width), np.uint8)
    surest = np.zeros((height, width), np.uint8)
    for number, (box, ids, confidence) in enumerate(label_maps, 1):
        wins = (ids > 0) & ((merged[box.area] == 0) | (confidence > surest[box.area]))
        merged[box.area][wins] = ids[wins]
        surest[box.area][wins] = confidence[wins]
        owners[box.area][wins] = number
    return MergedLabelMaps(merged, owners)
