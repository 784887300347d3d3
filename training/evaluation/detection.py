"""How well people's boxes are found: recall, precision and F1 at a score, and average precision.

Boxes are (N, 4): left, top, right, bottom in pixels. A found box is right when it overlaps (IoU ≥ 0.5) a person who is
not yet taken; the surest chooses first. People smaller than 2 % of the photo are not asked for: finding one neither
helps nor hurts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from training.data.box_overlap import Boxes, Scores, overlaps

LEAST_OVERLAP: Final = 0.5
NEAR_UNASKED: Final = 0.3
"""A found box that overlaps an unasked person this much is neither right nor wrong."""

LEAST_AREA: Final = 0.02
"""Of the photo; smaller people are not asked for."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of every found box of one photo that counts: its score, and whether it was right."""

    scores: Scores
    right: npt.NDArray[np.bool_]
    wanted: int


def match(found: Boxes, scores: Scores, truth: Boxes, asked: npt.NDArray[np.bool_]) -> Matches:
    """Compare what was found in a photo with its people; ``asked`` (N,): whether each must be found."""
    like = np.stack([overlaps(box, truth) for box in found]) if len(found) else np.zeros((0, len(truth)), np.float32)
    free = np.ones(len(truth), bool)
    counted_scores, right = [], []
    for index in np.argsort(-scores, kind="stable"):
        open_likeness = np.where(free, like[index], -1.0)
        best = int(open_likeness.argmax()) if len(truth) else -1
        if best >= 0 and open_likeness[best] >= LEAST_OVERLAP:
            free[best] = False
            counts, hit = bool(asked[best]), True
        else:
            counts, hit = not bool((like[index][~asked] >= NEAR_UNASKED).any()), False
        if counts:
            counted_scores.append(scores[index])
            right.append(hit)
    return Matches(np.array(counted_scores, np.float32), np.array(right, bool), int(asked.sum()))


def asked_for(truth: Boxes, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Which people are large enough to be asked for."""
    return np.asarray(np.prod(truth[:, 2:] - truth[:, :2], 1) >= LEAST_AREA * height * width)


@dataclass(frozen=True, slots=True)
class AtScore:
    """Figures when boxes below ``score`` are left out."""

    score: float
    recall: float
    precision: float
    f1: float


def at_score(photos: Sequence[Matches], score: float) -> AtScore:
    """Recall, precision and F1 over all photos."""
    wanted = sum(photo.wanted for photo in photos)
    found = sum(int((photo.scores >= score).sum()) for photo in photos)
    hits = sum(int(photo.right[photo.scores >= score].sum()) for photo in photos)
    recall, precision = hits / max(wanted, 1), hits / max(found, 1)
    return AtScore(score, recall, precision, 2 * recall * precision / max(recall + precision, 1e-9))


def best_f1(photos: Sequence[Matches], scores: Sequence[float]) -> AtScore:
    """Figures at the one of ``scores`` where F1 is best."""
    return max((at_score(photos, score) for score in scores), key=lambda figures: figures.f1)


def average_precision(photos: Sequence[Matches]) -> float:
    """Area under precision over recall, precision made to fall (all points; PASCAL VOC 2010)."""
    wanted = sum(photo.wanted for photo in photos)
    scores = np.concatenate([photo.scores for photo in photos])
    right = np.concatenate([photo.right for photo in photos])[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float((falling * right).sum() / max(wanted, 1))
