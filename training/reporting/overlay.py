"""Overlay: a label map in its colours over the photo, with the skeleton on top."""

import cv2
import numpy as np

from training.data.sample import FloatArray, UInt8Array
from training.labels.label_set import LabelSet

UNKNOWN = (128, 128, 128)
"""Grey: no label of the set."""


def colorize(labels: UInt8Array, label_set: LabelSet) -> UInt8Array:
    """A label map (H, W) as an RGB picture (H, W, 3) in the set's colours."""
    colors = [label.color for label in label_set.labels]
    palette = np.array(colors + [UNKNOWN] * (256 - len(colors)), np.uint8)
    return palette[labels]


def overlay(image: UInt8Array, labels: UInt8Array, joints: FloatArray, label_set: LabelSet) -> UInt8Array:
    """Photo (H, W, 3) under its label map (H, W) at 60 %, with the bones between joints (J, 3) that are known."""
    picture = cv2.addWeighted(image, 0.4, colorize(labels, label_set), 0.6, 0)
    thickness = max(1, round(max(image.shape[:2]) / 250))
    certain = ~np.isnan(joints[:, 0])
    points = [tuple(round(float(v)) for v in xy) if ok else None for xy, ok in zip(joints[:, :2], certain, strict=True)]
    for a, b in label_set.skeleton:
        start, end = points[a], points[b]
        if start and end:
            cv2.line(picture, start, end, (255, 255, 255), thickness, cv2.LINE_AA)
    for point in points:
        if point:
            cv2.circle(picture, point, 2 * thickness, (255, 64, 64), -1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)
