"""What is kept of a teacher's opinion. Whatever a rule doubts becomes 255, unknown, which costs training nothing."""

from collections.abc import Mapping

import numpy as np

from training.data.polyline import distance_to_polyline
from training.data.sample import BrokenSampleError, FloatArray, UInt8Array, no_joints
from training.data.unlabelled import Points
from training.labels.label_set import IGNORE, LabelSet
from training.self_training.teacher import TeacherPrediction

CONFIDENT = 0.7
"""The least probability of a label that is kept. docs/self-training.md shows what others give."""

MOST = 0.7
"""The least share of the joints that must lie on the person."""

SURE_SCORE = 0.4
"""The least height of a heat map's peak in every look."""

SURE_SPREAD = 0.25
"""The farthest that a look's joint may lie from the mean of all looks, in head sizes (PCKh counts to 0.5)."""


def confident_labels(opinion: TeacherPrediction, threshold: float) -> UInt8Array:
    """The opinion's labels (H, W); 255 where their probability is below the threshold."""
    return np.where(opinion.confidence >= threshold, opinion.labels, np.uint8(IGNORE))


def without_swapped_sides(labels: UInt8Array, limbs: Mapping[str, Points], label_set: LabelSet) -> UInt8Array:
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
    """Raises BrokenSampleError unless most joints (J, 3) in the photo lie on the person, that is, on labels (H, W)
    other than background: pose and parsing speak of different people, or of nobody."""
    height, width = labels.shape
    known = joints[~np.isnan(joints[:, 0]), :2].round()
    columns, rows = known[((known >= 0) & (known < (width, height))).all(1)].astype(int).T
    on_person = int((labels[rows, columns] != 0).sum())
    if not len(rows) or on_person < MOST * len(rows):
        raise BrokenSampleError(f"{name}: {on_person} of {len(rows)} joints lie on the person")


def agreed_joints(looks: FloatArray, label_set: LabelSet) -> FloatArray:
    """Every look's joints (V, J, 3: x, y, score) → the joints (J, 3) on which all looks agree with high scores, nan for
    the others.

    Distances are measured by the head, so where its two joints are not sure, none is.
    """
    mean, spread, score = looks[:, :, :2].mean(0), np.zeros(looks.shape[1]), looks[:, :, 2].min(0)
    joints = no_joints(looks.shape[1])
    if label_set.head is None:
        return joints
    below, above = (label_set.joint_id[name] for name in label_set.head)
    if min(score[below], score[above]) < SURE_SCORE:
        return joints
    spread = np.linalg.norm(looks[:, :, :2] - mean, axis=2).max(0)
    sure = (score >= SURE_SCORE) & (spread <= SURE_SPREAD * np.linalg.norm(mean[above] - mean[below]))
    joints[sure, :2], joints[sure, 2] = mean[sure], 1.0
    return joints
