"""How well people's boxes are found: recall, precision and F1 at a score, and average precision.

Boxes are (N, 4): left, top, right, bottom in pixels. A found box is right when it overlaps (IoU ≥ 0.5) a person who is
not yet taken; the surest chooses first. People smaller than 2 % of the photo are not asked for: finding one neither
helps nor hurts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.box_overlap import Boxes, Scores, pairwise_overlaps
from training.evaluation.matching import MIN_AREA, NOBODY, match_greedily


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of every found box of one photo that counts: its score, and whether it was right."""

    scores: Scores
    right: npt.NDArray[np.bool_]
    wanted: int


def match(found: Boxes, scores: Scores, truth: Boxes, asked: npt.NDArray[np.bool_]) -> Matches:
    """Compare what was found in a photo with its people; ``asked`` (N,): whether each must be found."""
    order = np.argsort(-scores, kind="stable")
    counts, right = verdicts(found[order], truth, asked)
    return Matches(scores[order][counts].astype(np.float32), right[counts], int(asked.sum()))


def verdicts(
    found: Boxes, truth: Boxes, asked: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each of the boxes ``found`` (F, 4), surest first, counts, and whether it is right: two masks (F,)."""
    chosen = list(match_greedily(pairwise_overlaps(found, truth), asked))
    counts = np.array([index is not None and (index == NOBODY or bool(asked[index])) for index in chosen], bool)
    right = np.array([index is not None and index != NOBODY for index in chosen], bool)
    return counts, right


def asked_for(truth: Boxes, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Which people are large enough to be asked for."""
    return np.asarray(np.prod(truth[:, 2:] - truth[:, :2], 1) >= MIN_AREA * height * width)


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


def average_precision(photos: Sequence[Matches]) -> float:
    """Area under precision over recall, precision made to fall (all points; PASCAL VOC 2010)."""
    wanted = sum(photo.wanted for photo in photos)
    scores = np.concatenate([photo.scores for photo in photos])
    right = np.concatenate([photo.right for photo in photos])[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float((falling * right).sum() / max(wanted, 1))
