"""Metrics as the LIP benchmark defines them.

Parsing: one confusion matrix over all photos, background included, at each photo's own size. Pose: PCKh@0.5 with
the distance between upper neck and head top as head size.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.data.sample import FloatArray, UInt8Array
from training.labels import IGNORE, JOINT_ID, JOINTS, LABEL_ID, LABELS, MERGED_PARTS

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

RARE_PIXELS = 2000
"""A label with fewer true pixels in the whole set says nothing; ``mean_iou`` leaves it out."""

PCKH_JOINTS = (*range(6), *range(8, 16))
"""The joints that LIP's PCKh pools: all but pelvis and thorax."""


def merged_confusion(confusion: Counts) -> Counts:
    """A 20 × 20 confusion matrix → 7 × 7 over ``MERGED_PARTS``."""
    part_of = np.empty(len(LABELS), np.int64)
    for part, names in enumerate(MERGED_PARTS.values()):
        part_of[[LABEL_ID[name] for name in names]] = part
    merged = np.zeros((len(MERGED_PARTS),) * 2, np.int64)
    np.add.at(merged, (part_of[:, None], part_of[None, :]), confusion)
    return merged


def iou(confusion: Counts) -> Scores:
    """Intersection over union a label, nan for a label that neither occurs nor is predicted."""
    hits = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - hits
    shares: Scores = np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)
    return shares


@dataclass
class ParsingMetric:
    """Collects label maps; ``confusion[truth, predicted]`` counts pixels."""

    confusion: Counts = field(default_factory=lambda: np.zeros((len(LABELS), len(LABELS)), np.int64))

    def add(self, predicted: UInt8Array, truth: UInt8Array) -> None:
        """Two label maps of one photo, both (H, W); pixels whose truth is 255 do not count."""
        if predicted.shape != truth.shape:
            raise ValueError(f"label maps differ in size: {predicted.shape} and {truth.shape}")
        known = truth != IGNORE
        pairs = truth[known].astype(np.int64) * len(LABELS) + predicted[known]
        self.confusion += np.bincount(pairs, minlength=len(LABELS) ** 2).reshape(self.confusion.shape)

    def result(self) -> dict[str, float | dict[str, float]]:
        """All figures in 0–1; ``mean_iou`` is over labels with at least ``RARE_PIXELS`` true pixels (nan: no such)."""
        true_pixels = self.confusion.sum(1)
        per_label = iou(self.confusion)
        common = per_label[true_pixels >= RARE_PIXELS]
        occurring = true_pixels > 0
        recall = np.diag(self.confusion)[occurring] / true_pixels[occurring]
        return {
            "mean_iou": float(common.mean()) if len(common) else float("nan"),
            "mean_iou_20": float(np.nan_to_num(per_label).mean()),
            "mean_iou_7": float(np.nan_to_num(iou(merged_confusion(self.confusion))).mean()),
            "pixel_accuracy": float(np.diag(self.confusion).sum() / max(self.confusion.sum(), 1)),
            "mean_accuracy": float(recall.mean()),
            "label_iou": {label.name: float(per_label[label.id]) for label in LABELS},
        }


@dataclass
class PoseMetric:
    """Collects joints and counts those within half a head size of the truth."""

    correct: Counts = field(default_factory=lambda: np.zeros(len(JOINTS), np.int64))
    marked: Counts = field(default_factory=lambda: np.zeros(len(JOINTS), np.int64))

    def add(self, predicted: FloatArray, truth: FloatArray) -> None:
        """Joints of one photo, (16, 2 or more) each, in the photo's pixels.

        A joint whose truth is nan does not count; a photo without upper neck or head top does not count at all.
        A predicted nan is a miss.
        """
        head = truth[JOINT_ID["head-top"], :2] - truth[JOINT_ID["upper-neck"], :2]
        if np.isnan(head).any():
            return
        known = ~np.isnan(truth[:, :2]).any(1)
        near = np.linalg.norm(predicted[:, :2] - truth[:, :2], axis=1) <= 0.5 * np.linalg.norm(head)
        self.correct += near & known
        self.marked += known

    def result(self) -> dict[str, float | dict[str, float]]:
        """PCKh@0.5 in 0–1: over ``PCKH_JOINTS``, over the upper body (joints 8–15), and each joint's own."""
        share = np.divide(self.correct, self.marked, out=np.full(len(JOINTS), np.nan), where=self.marked > 0)

        def pooled(joints: tuple[int, ...]) -> float:
            return float(self.correct[list(joints)].sum() / max(self.marked[list(joints)].sum(), 1))

        return {
            "pckh": pooled(PCKH_JOINTS),
            "pckh_upper_body": pooled(tuple(range(8, 16))),
            "joint_pckh": {name: float(value) for name, value in zip(JOINTS, share, strict=True)},
        }
