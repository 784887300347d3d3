"""Suppression of doubles: of several boxes around one person, the surest one stays."""

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
"""(K, 4): left, top, right, bottom in pixels; sides are edges of pixels."""
Scores = npt.NDArray[np.float32]
"""(K,), 0–1."""


def overlaps(box: Boxes, others: Boxes) -> Scores:
    """Intersection over union of one box (4,) with others (K, 4): (K,)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = sides.clip(0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(shared / np.maximum((box[2:] - box[:2]).prod() + areas - shared, 1e-9), np.float32)


def suppress(boxes: Boxes, scores: Scores, least_score: float, most_overlap: float) -> npt.NDArray[np.intp]:
    """Indices of the boxes to keep, best first: greedy non-maximum suppression.

    A box below ``least_score`` goes, and so does one whose intersection over union with a better one is above
    ``most_overlap``.
    """
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= least_score]
    kept: list[np.intp] = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[overlaps(boxes[best], boxes[order]) <= most_overlap]
    return np.array(kept, np.intp)
