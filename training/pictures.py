"""Pictures for people: a label map in its colours over the photo, and the skeleton on top."""

import cv2
import numpy as np

from training.data.sample import FloatArray, UInt8Array
from training.labels import LABELS, SKELETON

PALETTE = np.array([label.color for label in LABELS] + [(128, 128, 128)] * (256 - len(LABELS)), np.uint8)
"""RGB by pixel value of a label map; grey where the label is unknown."""


def overlay(image: UInt8Array, labels: UInt8Array, joints: FloatArray, least_score: float = 0.0) -> UInt8Array:
    """Photo (H, W, 3) under its label map (H, W) at 60 %, with the bones between joints (16, 3) that score enough."""
    picture = cv2.addWeighted(image, 0.4, PALETTE[labels], 0.6, 0)
    thickness = max(1, round(max(image.shape[:2]) / 250))
    certain = ~np.isnan(joints[:, 0]) & (joints[:, 2] >= least_score)
    points = [tuple(round(float(v)) for v in xy) if ok else None for xy, ok in zip(joints[:, :2], certain, strict=True)]
    for a, b in SKELETON:
        start, end = points[a], points[b]
        if start and end:
            cv2.line(picture, start, end, (255, 255, 255), thickness, cv2.LINE_AA)
    for point in points:
        if point:
            cv2.circle(picture, point, 2 * thickness, (255, 64, 64), -1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)
