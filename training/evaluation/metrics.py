"""Metrics as the LIP benchmark defines them, for any label set.

Parsing: one confusion matrix over all photos, background included, at each photo's own size. Pose: PCKh@0.5 with
the distance between the label set's two head joints (LIP: upper neck and head top) as head size.
"""

import numpy as np
import numpy.typing as npt

from training.data.sample import FloatArray, UInt8Array
from training.labels.label_set import LabelSet

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]
Choice = npt.NDArray[np.bool_]
Figures = dict[str, float | dict[str, float]]

RARE_PIXELS = 2000
"""``mean_iou`` leaves out labels with fewer true pixels than this in the whole set."""


def merged_confusion(confusion: Counts, label_set: LabelSet) -> Counts:
    """A confusion matrix over labels → one over the set's merged parts."""
    part_of = np.empty(len(label_set.labels), np.int64)
    for part, names in enumerate(label_set.merged.values()):
        part_of[[label_set.label_id[name] for name in names]] = part
    merged = np.zeros((len(label_set.merged),) * 2, np.int64)
    np.add.at(merged, (part_of[:, None], part_of[None, :]), confusion)
    return merged


def iou(confusion: Counts) -> Scores:
    """Intersection over union of each label, nan for a label that neither occurs nor is predicted."""
    hits = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - hits
    shares: Scores = np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)
    return shares


def joints_near(predicted: FloatArray, truth: FloatArray, label_set: LabelSet) -> tuple[Choice, Choice]:
    """Which joints of one photo count, and which lie within half a head size of the truth, (J,) each.

    ``predicted``, ``truth``: (J, 2 or more) in the photo's pixels. A joint whose truth is nan does not count; in a
    photo without both head joints none does, nor where the label set names no head. A predicted nan is not near.
    """
    if label_set.head is None:
        none = np.zeros(len(label_set.joints), np.bool_)
        return none, none
    known = ~np.isnan(truth[:, :2]).any(1)
    below, above = (truth[label_set.joint_id[name], :2] for name in label_set.head)
    size = np.linalg.norm(above - below)  # nan where one is not marked: nothing is near then
    near = np.linalg.norm(predicted[:, :2] - truth[:, :2], axis=1) <= 0.5 * size
    return known & ~np.isnan(size), near & known


class ParsingMetric:
    """Parsing metrics: collects label maps; ``confusion[truth, predicted]`` counts pixels."""

    def __init__(self, label_set: LabelSet) -> None:
        self.label_set = label_set
        self.confusion: Counts = np.zeros((len(label_set.labels),) * 2, np.int64)

    def add(self, predicted: UInt8Array, truth: UInt8Array) -> None:
        """Two label maps of one photo, both (H, W); pixels whose truth is unknown or coarse do not count."""
        if predicted.shape != truth.shape:
            raise ValueError(f"label maps differ in size: {predicted.shape} and {truth.shape}")
        count = len(self.confusion)
        known = truth < count
        pairs = truth[known].astype(np.int64) * count + predicted[known]
        self.confusion += np.bincount(pairs, minlength=count**2).reshape(self.confusion.shape)

    def result(self) -> Figures:
        """All figures in 0–1.

        ``mean_iou`` is over labels with at least ``RARE_PIXELS`` true pixels (nan: no such), ``mean_iou_20`` over all
        labels and ``mean_iou_7`` over the merged parts; the number is how many the label set has.
        """
        true_pixels = self.confusion.sum(1)
        per_label = iou(self.confusion)
        common = per_label[true_pixels >= RARE_PIXELS]
        occurring = true_pixels > 0
        recall = np.diag(self.confusion)[occurring] / true_pixels[occurring]
        figures: Figures = {
            "mean_iou": float(common.mean()) if len(common) else float("nan"),
            f"mean_iou_{len(per_label)}": float(np.nan_to_num(per_label).mean()),
        }
        if self.label_set.merged:
            merged = iou(merged_confusion(self.confusion, self.label_set))
            figures[f"mean_iou_{len(merged)}"] = float(np.nan_to_num(merged).mean())
        return figures | {
            "pixel_accuracy": float(np.diag(self.confusion).sum() / max(self.confusion.sum(), 1)),
            "mean_accuracy": float(recall.mean()),
            "label_iou": {label.name: float(per_label[label.id]) for label in self.label_set.labels},
        }


class PoseMetric:
    """PCKh@0.5: collects joints, and counts those within half a head size of the truth."""

    def __init__(self, label_set: LabelSet) -> None:
        self.label_set = label_set
        self.correct: Counts = np.zeros(len(label_set.joints), np.int64)
        self.marked: Counts = np.zeros(len(label_set.joints), np.int64)

    def add(self, predicted: FloatArray, truth: FloatArray) -> None:
        """Joints of one photo; see ``joints_near``."""
        known, near = joints_near(predicted, truth, self.label_set)
        self.correct += near
        self.marked += known

    def result(self) -> Figures:
        """PCKh@0.5 in 0–1: over the joints that are scored, over those of the upper body, and each joint's own.

        LIP scores all but pelvis and thorax. nan where no joint was marked.
        """
        joints = np.array(self.label_set.joints, np.str_)
        scored = ~np.isin(joints, self.label_set.not_scored)
        share = np.divide(self.correct, self.marked, out=np.full(len(joints), np.nan), where=self.marked > 0)

        def pooled(chosen: Choice) -> float:
            marked = self.marked[chosen].sum()
            return float(self.correct[chosen].sum() / marked) if marked else float("nan")

        return {
            "pckh": pooled(scored),
            "pckh_upper_body": pooled(scored & np.isin(joints, self.label_set.upper_body)),
            "joint_pckh": {name: float(value) for name, value in zip(joints.tolist(), share, strict=True)},
        }
