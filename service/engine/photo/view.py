"""A crop with the model's prediction for it, in the photo's own pixels: the fit undone."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.engine.model.session import Prediction
from service.imaging.binary_mask import keep_where
from service.imaging.box import Box
from service.imaging.decode import Image
from service.imaging.fit import Fit, to_photo
from service.imaging.label_map import label_map
from service.imaging.mask import Grid, confidence_map, coverage_map, cut_padding

MIN_PERSON: Final = 0.001
"""Share of the view that must be labelled for the mask to say that somebody is there."""
VISIBLE: Final = 0.1
"""Least score of a joint that counts as seen: it is drawn, and it shows that somebody is there. In unusual poses
joints are often found where the mask is not."""
MIN_COMPONENT: Final = 0.02
"""Share of the person that a separate piece of the mask must have to count for the person's box."""


Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the photo: box, score (0–1) and joints (J, 3) as x, y, score.

    The score is the detector's; where nobody was looked for, the mean of the joints', or of a model without joints that
    of the confidence of what is labelled.
    """

    box: Box
    score: float
    keypoints: npt.NDArray[np.float64]

    @property
    def visible(self) -> npt.NDArray[np.bool_]:
        """Which joints (J,) are there to be seen, going by their scores."""
        return self.keypoints[:, 2] >= VISIBLE


@dataclass(frozen=True)
class View:
    """A crop of the photo, and the model's prediction for it."""

    box: Box
    """In pixels of the upright photo."""
    fit: Fit
    """How the box lies in the model's input; to the fit, the box is the photo."""
    prediction: Prediction

    @cached_property
    def grid(self) -> Grid:
        """The cells of the answer that show the box."""
        return cut_padding(self.prediction.labels, self.prediction.confidence, self.fit)

    @property
    def cell(self) -> float:
        """The side of a cell of the answer, in pixels of the photo."""
        return 2 / (self.grid.step_x + self.grid.step_y)

    def draw_mask(self) -> Image:
        """The label id of every pixel of the box (height, width). It is drawn anew each time, not kept: a request may
        have 32 boxes."""
        return label_map(self.grid, self.fit)

    def draw_confidence(self) -> Image:
        """How sure the mask is (height, width), 255 = certain; drawn anew each time, too."""
        return confidence_map(self.grid, self.fit)

    def draw_claim(self, ownership: Plane) -> tuple[Image, Image]:
        """The label id of every pixel of the box (height, width), and how surely it is one person's, 255 = certain;
        ``ownership`` (rows, columns), 0–1, says how much each cell of the grid belongs to that person. What does not
        belong to the person at all is background."""
        claim = self._draw_confidence_of(ownership)
        return keep_where(self.draw_mask(), claim), claim

    def draw_coverage(self, labels: Collection[int], ownership: Plane | None = None) -> Image:
        """How much of every pixel of the box (height, width) belongs to some labels, 0–255; see
        :func:`coverage_map`. What does not belong to the person at all, by ``ownership``, is 0."""
        coverage = coverage_map(self.grid, self.fit, labels)
        return coverage if ownership is None else keep_where(coverage, self._draw_confidence_of(ownership))

    def _draw_confidence_of(self, ownership: Plane) -> Image:
        claims = np.round(self.grid.confidence * ownership).astype(np.uint8)
        return confidence_map(replace(self.grid, confidence=claims), self.fit)

    @cached_property
    def keypoints(self) -> npt.NDArray[np.float64]:
        """The joints (J, 3) as x, y in pixels of the photo, and score."""
        keypoints = self.prediction.keypoints.astype(np.float64)
        # The model may place a joint that it does not see in the padding; answers stay within the box.
        last = (self.box.width - 1, self.box.height - 1)
        keypoints[:, :2] = np.clip(to_photo(keypoints[:, :2], self.fit), 0, last) + self.box[:2]
        return keypoints

    @cached_property
    def person(self) -> Person | None:
        """The person in the box, in pixels of the photo; None when neither mask nor joints show one."""
        mask_box = self._mask_box()
        box = mask_box.moved(self.box.x, self.box.y) if mask_box else _joints_box(self.keypoints)
        if not box:
            return None
        score = float(self.keypoints[:, 2].mean()) if len(self.keypoints) else self.mean_confidence
        return Person(box, score, self.keypoints)

    @cached_property
    def mean_confidence(self) -> float:
        """Mean confidence, 0–1, of the cells that are not background; 0 without any."""
        confidence = self.grid.confidence[self.grid.labels > 0]
        return float(confidence.mean()) / 255 if len(confidence) else 0.0

    def _mask_box(self) -> Box | None:
        """The box around the pieces of the mask that are no mere specks; None if there is nothing."""
        _, _, pieces, _ = cv2.connectedComponentsWithStats((self.grid.labels > 0).view(np.uint8), connectivity=8)
        pieces = pieces[1:]  # the first is the background
        total = pieces[:, cv2.CC_STAT_AREA].sum()
        if total < MIN_PERSON * self.grid.labels.size:
            return None
        pieces = pieces[pieces[:, cv2.CC_STAT_AREA] >= MIN_COMPONENT * total]
        left, top = pieces[:, :2].min(axis=0)
        right, bottom = (pieces[:, :2] + pieces[:, 2:4]).max(axis=0)
        cells = Box(int(left), int(top), int(right - left), int(bottom - top))
        return self.grid.to_photo(cells, self.fit)


def _joints_box(keypoints: npt.NDArray[np.float64]) -> Box | None:
    """The box around the joints (J, 3) that are sure enough; None if none is."""
    visible = keypoints[keypoints[:, 2] >= VISIBLE, :2]
    if not len(visible):
        return None
    left, top = np.floor(visible.min(axis=0)).astype(int)
    right, bottom = np.floor(visible.max(axis=0)).astype(int) + 1
    return Box(int(left), int(top), int(right - left), int(bottom - top))
