"""The analysis of a photo: the predictions for its views, merged, in the photo's own pixels."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np

from service.engine.detection.detector import Detection
from service.engine.model.card import Card
from service.engine.photo.ownership import ownership
from service.engine.photo.people import reach
from service.engine.photo.view import Person, View
from service.imaging.binary_mask import binary_mask, keep_where
from service.imaging.blend import soft_edges
from service.imaging.box import Box
from service.imaging.decode import Image, on_white
from service.imaging.guided_filter import follow_edges
from service.imaging.label_boxes import label_boxes
from service.imaging.merge import LabelledBox, MergedLabelMaps, merge_label_maps

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
    """The whole photo; or the surroundings of each person found, or of each box that was asked for, in turn."""
    load_photo: Callable[[], Image]
    check: Callable[[], None] = lambda: None
    """Raises once the answer is no longer needed; called between two views."""
    detections: Sequence[Detection] | None = None
    """The people whom the detector found, the largest first, one for each view; None where nobody was looked for."""

    @cached_property
    def picture(self) -> Image:
        """The upright photo as it is: (height, width, 3), RGB, or (height, width, 4) with alpha if it has transparent
        pixels. It is decoded anew: a queue full of decoded photos that few answers need would take gigabytes."""
        picture = self.load_photo()
        is_opaque = picture.shape[2] == 4 and picture[..., 3].min() == 255
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), np.uint8) if is_opaque else picture

    @property
    def photo(self) -> Image:
        """The upright photo on white (height, width, 3), RGB: what the model was shown. It is not to be changed."""
        return self.picture if self.picture.shape[2] == 3 else on_white(self.picture)

    @cached_property
    def mask(self) -> Image:
        """The label id of every photo pixel (height, width)."""
        if not self._is_whole:
            return self._merged.ids
        mask = self.views[0].draw_mask()
        if self.detections is None:
            return mask
        area = self._reach(self.detections[0]).area
        limited = np.zeros_like(mask)
        limited[area] = mask[area]
        return limited

    @cached_property
    def instances(self) -> Image:
        """For every photo pixel (height, width) whose it is: the person's place in :attr:`people`, from 1; 0 where the
        mask has background."""
        numbers = np.zeros(256, np.uint8)
        for number, (view, _) in enumerate(self.people, 1):
            numbers[view + 1] = number
        owners = (self.mask > 0).view(np.uint8) if self._is_whole else self._merged.owners
        return np.asarray(cv2.LUT(owners, numbers), np.uint8)

    @cached_property
    def _merged(self) -> MergedLabelMaps:
        if self.detections is None:
            return self.describe_views(lambda view, mask: None)[0]
        return merge_label_maps(self._claims(self.detections), self.width, self.height)

    def _claims(self, detections: Sequence[Detection]) -> Iterator[LabelledBox]:
        """What of each person's view is that person's. Views in which nobody is seen claim nothing."""
        boxes = [detection.box for detection in detections]
        for index, view in enumerate(self.views):
            self.check()
            if view.person:
                others = boxes[:index] + boxes[index + 1 :]
                ids, claim = view.draw_claim(ownership(view, boxes[index], others))
                own = self._reach(detections[index])
                within = own.moved(-view.box.x, -view.box.y).area
                yield LabelledBox(own, ids[within], claim[within])
            else:
                yield LabelledBox(Box(0, 0, 0, 0), *np.zeros((2, 0, 0), np.uint8))

    def coverage(self, labels: Collection[int]) -> Image:
        """How much of every photo pixel (height, width) belongs to some labels, 0–255: soft edges, as wide as the model
        is unsure, near those of the mask, and moved to the photo's own."""
        coverage = np.zeros((self.height, self.width), np.uint8)
        areas = [self._area(index) for index in range(len(self.views))]
        for index, area in enumerate(areas):
            self.check()
            np.maximum(coverage[area.area], self._draw_coverage(index, labels), out=coverage[area.area])
        coverage = soft_edges(binary_mask(self.mask, labels), coverage)
        photo = self.photo
        for view, area in zip(self.views, areas, strict=True):
            self.check()
            coverage[area.area] = follow_edges(coverage[area.area], photo[area.area], view.cell)
        return coverage

    def _area(self, index: int) -> Box:
        """What of the photo a view says something of: the surroundings of its person, or all that it shows."""
        detections = self.detections
        return self._reach(detections[index]) if detections else self.views[index].box

    def _draw_coverage(self, index: int, labels: Collection[int]) -> Image:
        """How much of every pixel of a view's area (height, width) the view gives to some labels, 0–255."""
        view, area = self.views[index], self._area(index)
        within = area.moved(-view.box.x, -view.box.y).area
        if self.detections is None or self._is_whole:
            return view.draw_coverage(labels)[within]
        if not view.person:
            return np.zeros((area.height, area.width), np.uint8)
        boxes = [detection.box for detection in self.detections]
        owned = ownership(view, boxes[index], boxes[:index] + boxes[index + 1 :])
        return view.draw_coverage(labels, owned)[within]

    def describe_views(self, describe: Callable[[View, Image], T]) -> tuple[MergedLabelMaps, list[T]]:
        """The views' masks as one, and what is said of each view and its own mask (height,
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
        """The labels in the mask, by ascending id; none of a model without labels."""
        return find_parts(self.mask, self.views) if self.card.labels else []

    @cached_property
    def people(self) -> list[tuple[int, Person]]:
        """The people found, each with the index of the view that shows them."""
        return people_in(self.views, self.detections)

    @cached_property
    def parts_of_people(self) -> list[list[Part]]:
        """For each of the people whom the detector found, the labels of what is theirs, by ascending id, without
        background."""
        detections = self.detections or ()
        if len(self.people) == len(self.views) == 1:  # all that is labelled is that person's
            return [[part for part in self.parts if part.label]]
        return [
            self._parts_of(number, self.views[view], self._reach(detections[view]))
            for number, (view, _) in enumerate(self.people, 1)
        ]

    def _reach(self, detection: Detection) -> Box:
        return reach(detection.box, self.width, self.height, is_alone=len(self.views) == 1)

    def _parts_of(self, number: int, view: View, within: Box) -> list[Part]:
        own = keep_where(self.mask[within.area], (self.instances[within.area] == number).view(np.uint8))
        parts = (part for part in find_parts(own, [view]) if part.label)
        return [replace(part, box=part.box.moved(within.x, within.y)) for part in parts]


def people_in(views: Sequence[View], detections: Sequence[Detection] | None) -> list[tuple[int, Person]]:
    """The people in these views, each with the index of the view: all whom the detector found, with its boxes and
    scores; without a detector, those whom the model sees.

    A person whom the detector found and the model does not see is kept, without labels. On 1,832 Open Images photos
    dropping them changes recall from 0.588 to 0.582, precision from 0.767 to 0.779, and F1 (0.666) not at all.
    """
    if detections is None:
        return [(index, view.person) for index, view in enumerate(views) if view.person]
    return [
        (index, Person(detection.box, detection.score, view.keypoints))
        for index, (detection, view) in enumerate(zip(detections, views, strict=True))
    ]


def find_parts(mask: Image, views: Sequence[View]) -> list[Part]:
    """The labels in a label map, by ascending id, with the mean confidence where these views saw them."""
    counts = cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel()
    labels = np.flatnonzero(counts).tolist()
    return [
        Part(label, int(counts[label]), box, _mean_confidence(label, views))
        for label, box in zip(labels, label_boxes(mask, labels), strict=True)
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
