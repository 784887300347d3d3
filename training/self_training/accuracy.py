"""Accuracy of pseudo-labels, by rule, against the annotations of labelled photos."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.data.adapters.ccp import ClothingCoParsing
from training.data.sample import BrokenSampleError, FloatArray, Sample, UInt8Array
from training.evaluation.metrics import ParsingMetric, iou, merged_confusion
from training.labels.label_set import IGNORE, LabelSet
from training.self_training.rules import (
    consistent_joints,
    drop_swapped_sides,
    drop_uncertain_labels,
    require_same_person,
)
from training.self_training.teacher import INFERENCE_VIEWS, ViewPrediction, average_views, predict_view

THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)

VIEW_COUNTS = {"one view": 1, "+ mirrored": 2, "+ larger": 4}
"""Row of the table → number of the teacher's views that are averaged."""

POSE_AGREEMENT = "+ agreement of pose and parsing"
"""Row of the table in which labels of the wrong side are dropped, too."""

Rule = tuple[str, float]
"""Row of the table, and the confidence threshold."""


class PseudoLabelMetric:
    """Share of pixels that a rule keeps, and accuracy of what it keeps."""

    def __init__(self, label_set: LabelSet) -> None:
        self.parsing = ParsingMetric(label_set)
        self.known = self.person = 0

    def add(self, labels: UInt8Array, truth: UInt8Array) -> None:
        """Pseudo-labels and annotation of one photo, both (H, W); pixels whose truth is 255 do not count."""
        kept = labels != IGNORE
        self.parsing.add(labels[kept], truth[kept])
        self.known += int((truth != IGNORE).sum())
        self.person += int(((truth != IGNORE) & (truth != 0)).sum())

    def shares(self) -> list[float]:
        """All figures, in 0–1, in the order of the table.

        Pixels kept; the person's pixels kept. Of those that are kept: the share that is right, the share of the
        person's that is right, the mean IoU of labels, that of merged parts, and the IoU of each merged part.
        """
        confusion = self.parsing.confusion
        labels, parts = iou(confusion), iou(merged_confusion(confusion, self.parsing.label_set))
        right, count = np.diag(confusion), confusion.sum(1)
        kept = [count.sum() / self.known, count[1:].sum() / self.person]
        correct = [right.sum() / count.sum(), right[1:].sum() / count[1:].sum()]
        return [float(share) for share in (*kept, *correct, np.nanmean(labels), np.nanmean(parts), *parts)]


@dataclass
class JointConsistencyMetric:
    """Counts marked joints, those on which all views agree, and those of either within half a head size (PCKh)."""

    marked: int = 0
    agreed: int = 0
    right: int = 0
    agreed_right: int = 0

    def add(self, views: FloatArray, truth: FloatArray, label_set: LabelSet) -> None:
        """Every view's joints (V, J, 3) and the marked ones (J, 3) of one photo; it counts only with a marked head."""
        below, above = (truth[label_set.joint_id[name], :2] for name in label_set.head or ())
        near = np.linalg.norm(views[:, :, :2].mean(0) - truth[:, :2], axis=1) <= 0.5 * np.linalg.norm(above - below)
        known = ~np.isnan(truth[:, 0]) & ~np.isnan(above - below).any()
        agreed = known & ~np.isnan(consistent_joints(views, label_set)[:, 0])
        self.marked += int(known.sum())
        self.agreed += int(agreed.sum())
        self.right += int((known & near).sum())
        self.agreed_right += int((agreed & near).sum())

    def __str__(self) -> str:
        kept, right, before = self.agreed / self.marked, self.agreed_right / self.agreed, self.right / self.marked
        return (
            f"Of {self.marked} joints, the views agree on {100 * kept:.1f} %, of which {100 * right:.1f} % are right; "
            f"of all, {100 * before:.1f} %."
        )


def pseudo_labels_by_rule(
    teacher: Checkpoint, source: ClothingCoParsing, sample: Sample, predictions: list[ViewPrediction]
) -> dict[Rule, UInt8Array]:
    """A photo's pseudo-labels (H, W) by each rule.

    Raises BrokenSampleError where pose and labels belong to different people.
    """
    by_views = {way: average_views(predictions[:views], *sample.labels.shape) for way, views in VIEW_COUNTS.items()}
    last = by_views["+ larger"]
    pose = source.pose(sample.name, last.labels)
    require_same_person(sample.name, pose.joints, last.labels)
    found: dict[Rule, UInt8Array] = {}
    for threshold in THRESHOLDS:
        found |= {
            (way, threshold): drop_uncertain_labels(prediction, threshold) for way, prediction in by_views.items()
        }
        found[POSE_AGREEMENT, threshold] = drop_swapped_sides(
            found["+ larger", threshold], pose.limbs, teacher.label_set
        )
    return found


def measure_pseudo_labels(
    teacher: Checkpoint, source: ClothingCoParsing, names: Iterable[str]
) -> tuple[dict[Rule, PseudoLabelMetric], JointConsistencyMetric, list[str]]:
    """Metrics of every rule and of the joints over the named annotated photos, and the reasons for those left out."""
    metrics: dict[Rule, PseudoLabelMetric] = {}
    joints, left_out = JointConsistencyMetric(), []
    for name in tqdm(names, desc="measure", unit="photo"):
        sample = source.read(name)
        predictions = [predict_view(teacher, sample.image, view) for view in INFERENCE_VIEWS]
        joints.add(np.stack([prediction.joints for prediction in predictions]), sample.joints, teacher.label_set)
        try:
            for rule, labels in pseudo_labels_by_rule(teacher, source, sample, predictions).items():
                metrics.setdefault(rule, PseudoLabelMetric(teacher.label_set)).add(labels, sample.labels)
        except BrokenSampleError as error:
            left_out.append(str(error))
    return metrics, joints, left_out


def table(metrics: dict[Rule, PseudoLabelMetric], label_set: LabelSet) -> str:
    """The metrics in per cent, as a Markdown table."""
    heads = [
        "rule",
        "threshold",
        "kept",
        "person kept",
        "right",
        "person right",
        "mIoU",
        f"mIoU {len(label_set.merged)}",
    ]
    heads += list(label_set.merged)
    rows = [heads, ["---"] * len(heads)]
    for (way, threshold), metric in metrics.items():
        rows.append([way, f"{threshold:g}", *(f"{100 * share:.1f}" for share in metric.shares())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
