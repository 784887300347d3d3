"""The analysis of a photo: the predictions for its views, merged, in the photo's own pixels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np

from service.engine.model.card import Card
from service.engine.photo.view import Person, View
from service.imaging.box import Box
from service.imaging.decode import Image
from service.imaging.merge import LabelledBox, merge_label_maps

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """A label that is in a mask: where, how much of it, and how sure the model is (0–1)."""

    label: int
    pixels: int
    box: Box
    confidence: float


@dataclass(frozen=True)
class Analysis:
    """One photo's answer. All coordinates are in pixels of the upright photo; computed when asked for, and once."""

    card: Card
    width: int
    height: int
    views: Sequence[View]
    """The whole photo; or, where boxes were asked for, the surroundings of each in turn."""
    load_photo: Callable[[], Image]
    check: Callable[[], None] = lambda: None
    """Raises once the answer is no longer needed; called between two views."""

    @cached_property
    def photo(self) -> Image:
        """The upright photo (height, width, 3), RGB. It is decoded anew: a queue full of decoded photos that few
        answers need would take gigabytes."""
        return self.load_photo()

    @cached_property
    def mask(self) -> Image:
        """The label id of every photo pixel (height, width)."""
        if self._is_whole:
            return self.views[0].draw_mask()
        return self.describe_views(lambda view, mask: None)[0]

    def describe_views(self, describe: Callable[[View, Image], T]) -> tuple[Image, list[T]]:
        """The label id of every photo pixel (height, width), and what is said of each view and its own mask (height,
        width). One view is drawn at a time, and its mask is gone when the next one's turn comes."""
        described: list[T] = []

        def draw() -> Iterator[LabelledBox]:
            for view in self.views:
                self.check()
                mask = view.draw_mask()
                described.append(describe(view, mask))
                yield LabelledBox(view.box, mask, view.draw_confidence())

        return merge_label_maps(draw(), self.width, self.height), described

    @property
    def _is_whole(self) -> bool:
        """Whether there is but one view, and it shows the whole photo."""
        return len(self.views) == 1 and self.views[0].box == (0, 0, self.width, self.height)

    @cached_property
    def parts(self) -> list[Part]:
        """The labels in the mask, by ascending id."""
        return find_parts(self.mask, self.views)

    @cached_property
    def people(self) -> list[tuple[int, Person]]:
        """The people found, each with the index of the view that shows them."""
        return [(index, view.person) for index, view in enumerate(self.views) if view.person]


def find_parts(mask: Image, views: Sequence[View]) -> list[Part]:
    """The labels in a label map, by ascending id, with the mean confidence where these views saw them."""
    counts = cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel()
    return [
        Part(
            label=int(label),
            pixels=int(counts[label]),
            box=Box(*cv2.boundingRect((mask == label).view(np.uint8))),
            confidence=_mean_confidence(int(label), views),
        )
        for label in np.flatnonzero(counts)
    ]


def _mean_confidence(label: int, views: Sequence[View]) -> float:
    """Mean over the cells that have the label, each weighing as much as the photo's pixels that it covers; 0–1.

    What is background only because no view shows it is not asked about: 0.
    """
    total = pixels = 0.0
    for view in views:
        cells = view.grid.confidence[view.grid.labels == label]
        pixels_per_cell = 1 / (view.grid.step_x * view.grid.step_y)
        total += float(cells.sum(dtype=np.float64)) / 255 * pixels_per_cell
        pixels += cells.size * pixels_per_cell
    return total / pixels if pixels else 0.0
