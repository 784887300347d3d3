"""Which parts of a photo of several people become training photos of one person each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from training.data.openimages_source import Boxes
from training.data.sample import UInt8Array

MARGIN: Final = 0.2
"""What a crop shows beyond the person's box on each side, in sizes of the box: the service shows the model 0.15, and
augmentation zooms."""
SHORTEST: Final = 90.0
"""Pixels of the longer side of the smallest person that is cropped."""
MOST: Final = 6
"""People cropped from one photo, the largest first: those of a crowd are alike, small and hidden by each other."""
LONG_SIDE: Final = 448
"""Pixels of a crop's longer side; smaller crops are enlarged so that label maps have smooth borders."""
CROWD: Final = 3
"""A box that holds so many others is drawn around a group and not a person."""
INSIDE: Final = 0.8
"""Share of a box that must lie in another for that one to hold it."""


@dataclass(frozen=True, slots=True)
class PersonCrop:
    """A part of a photo around one person's box.

    ``left``, ``top``, ``width``, ``height``: the part, in whole pixels of the photo. ``scale``: how much it is
    enlarged.
    """

    left: int
    top: int
    width: int
    height: int
    scale: float

    def cut(self, image: UInt8Array) -> UInt8Array:
        """The part of a photo (H, W, 3), enlarged."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        size = (round(self.width * self.scale), round(self.height * self.scale))
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def to_crop(self, boxes: Boxes) -> Boxes:
        """Boxes (N, 4) in pixels of the photo → in pixels of the crop."""
        return np.asarray((boxes - [self.left, self.top, 0, 0]) * self.scale, np.float32)


def person_crops(boxes: Boxes, width: int, height: int) -> Iterator[tuple[int, PersonCrop]]:
    """The crops of a photo of ``width``×``height`` with people in ``boxes`` (N, 4), largest person first, each with the
    place of its person's box."""
    usable = (contained_counts(boxes) < CROWD) & (boxes[:, 2:].max(axis=1) >= SHORTEST)
    by_size = np.argsort(-boxes[:, 2:].prod(axis=1), kind="stable")
    for place in by_size[usable[by_size]][:MOST]:
        yield int(place), _around(boxes[place], width, height)


def contained_counts(boxes: Boxes) -> npt.NDArray[np.int64]:
    """For each box (N, 4), how many others lie in it by at least ``INSIDE`` of their area."""
    start, end = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    overlap = np.minimum(end[:, None], end[None]) - np.maximum(start[:, None], start[None])
    shared = overlap.clip(0).prod(axis=2)
    contained = shared >= INSIDE * boxes[None, :, 2:].prod(axis=2)
    return np.asarray(contained.sum(axis=1) - 1, np.int64)


def _around(box: npt.NDArray[np.floating], width: int, height: int) -> PersonCrop:
    box = box.astype(np.float64)
    left, top = np.floor(box[:2] - MARGIN * box[2:]).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(box[:2] + (1 + MARGIN) * box[2:]).astype(int), (width, height))
    longer = max(right - left, bottom - top)
    return PersonCrop(int(left), int(top), int(right - left), int(bottom - top), max(1.0, LONG_SIDE / longer))
