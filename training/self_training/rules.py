"""Rules for pseudo-labels: doubtful labels become 255 (unknown), which the loss ignores."""

from collections.abc import Mapping

import numpy as np

from training.data.polyline import distance_to_polyline
from training.data.sample import BrokenSampleError, FloatArray, UInt8Array, no_joints
from training.data.unlabelled import Points
from training.labels.label_set import IGNORE, LabelSet
from training.self_training.teacher import TeacherPrediction

MIN_CONFIDENCE = 0.7
"""The least probability of a label that is kept. docs/self-training.md shows what others give."""

MIN_SHARE_ON_PERSON = 0.7
"""The least share of the joints that must lie on the person."""

MIN_JOINT_SCORE = 0.4
"""The least height of a heat map's peak in every view."""

MAX_JOINT_SPREAD = 0.25
"""The largest distance of a view's joint from the mean of all views, in head sizes (PCKh accepts up to 0.5)."""


def drop_uncertain_labels(prediction: TeacherPrediction, threshold: float) -> UInt8Array:
    """The prediction's labels (H, W); 255 where their probability is below the threshold."""
    return np.where(prediction.confidence >= threshold, prediction.labels, np.uint8(IGNORE))


def drop_swapped_sides(labels: UInt8Array, limbs: Mapping[str, Points], label_set: LabelSet) -> UInt8Array:
    """Labels (H, W); 255 where the label has a side and the other side's limb is nearer."""
    kept = labels.copy()
    for pair in label_set.label_pairs:
        for own, other in (pair, pair[::-1]):
            if own in limbs and other in limbs:
                rows, columns = np.nonzero(labels == label_set.label_id[own])
                points = np.stack([columns, rows], 1).astype(np.float64)
                swapped = distance_to_polyline(points, limbs[own]) > distance_to_polyline(points, limbs[other])
                kept[rows[swapped], columns[swapped]] = IGNORE
    return kept


def require_same_person(name: str, joints: FloatArray, labels: UInt8Array) -> None:
    """Raises BrokenSampleError unless most joints (J, 3) in the photo lie on labels (H, W) other than background.

    Otherwise pose and labels belong to different people, or to nobody.
    """
    height, width = labels.shape
    known = joints[~np.isnan(joints[:, 0]), :2].round()
    columns, rows = known[((known >= 0) & (known < (width, height))).all(1)].astype(int).T
    on_person = int((labels[rows, columns] != 0).sum())
    if not len(rows) or on_person < MIN_SHARE_ON_PERSON * len(rows):
        raise BrokenSampleError(f"{name}: {on_person} of {len(rows)} joints lie on the person")


def consistent_joints(views: FloatArray, label_set: LabelSet) -> FloatArray:
    """Joints (J, 3) on which all views (V, J, 3: x, y, score) agree with high scores; nan for the others.

    Distances are measured in head sizes: where one of the head's two joints is doubtful, all are.
    """
    mean, spread, score = views[:, :, :2].mean(0), np.zeros(views.shape[1]), views[:, :, 2].min(0)
    joints = no_joints(views.shape[1])
    if label_set.head is None:
        return joints
    below, above = (label_set.joint_id[name] for name in label_set.head)
    if min(score[below], score[above]) < MIN_JOINT_SCORE:
        return joints
    spread = np.linalg.norm(views[:, :, :2] - mean, axis=2).max(0)
    sure = (score >= MIN_JOINT_SCORE) & (spread <= MAX_JOINT_SPREAD * np.linalg.norm(mean[above] - mean[below]))
    joints[sure, :2], joints[sure, 2] = mean[sure], 1.0
    return joints
