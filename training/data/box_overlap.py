"""Intersection over union of boxes."""

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
"""(N, 4): left, top, right, bottom in pixels."""
Scores = npt.NDArray[np.float32]
"""(N,), 0–1."""


def corners(boxes: npt.NDArray[np.floating]) -> Boxes:
    """Boxes (N, 4) of left, top, width, height → left, top, right, bottom."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1).astype(np.float32)


def pairwise_overlaps(a: Boxes, b: Boxes) -> npt.NDArray[np.float32]:
    """Intersection over union (A, B) of each of the boxes ``a`` (A, 4) with each of ``b`` (B, 4)."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    intersection = sides.clip(0).prod(axis=2)
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b))
    return np.asarray(intersection / np.maximum(area_a[:, None] + area_b - intersection, 1e-9), np.float32)


def overlaps(box: Boxes, others: Boxes) -> Scores:
    """Intersection over union of one box (4,) with others (M, 4): (M,)."""
    return np.asarray(pairwise_overlaps(box[None], others)[0], np.float32)
