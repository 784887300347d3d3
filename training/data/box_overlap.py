"""Intersection over union of boxes given as left, top, right, bottom in pixels."""

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
"""(N, 4): left, top, right, bottom in pixels."""
Scores = npt.NDArray[np.float32]
"""(N,), 0–1."""


def overlaps(box: Boxes, others: Boxes) -> Scores:
    """Intersection over union of one box (4,) with others (M, 4): (M,)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    intersection = np.prod(sides.clip(0), 1)
    union = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], 1) - intersection
    return np.asarray(intersection / np.maximum(union, 1e-9), np.float32)
