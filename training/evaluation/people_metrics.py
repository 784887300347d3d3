"""Metrics of people in photos: person IoU, matched people, object keypoint similarity, PCK of the torso."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.data.sample import UInt8Array
from training.evaluation.matching import match_greedily

Points = npt.NDArray[np.float64]
Choice = npt.NDArray[np.bool_]

LIMB_JOINTS: Final = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15)
"""LIP's joints of the limbs: right ankle, knee, hip, left hip, knee, ankle, right wrist, elbow, shoulder, left
shoulder, elbow, wrist."""
COCO_OF_LIMB: Final = (16, 14, 12, 11, 13, 15, 10, 8, 6, 5, 7, 9)
"""The same among COCO's 17 key points."""
OKS_SIGMA: Final = np.array([0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062])
"""Standard deviation of people's own marks of each, in √area of the person (COCO's evaluation)."""
TORSO_SHARE: Final = 0.2
"""PCK: how far from the truth a joint may lie, in the torso's diagonal, left shoulder to right hip."""


@dataclass
class PersonIou:
    """Intersection over union of all that is labelled with a person mask, pooled and as the mean of photos."""

    intersection: int = 0
    union: int = 0
    by_photo: list[float] = field(default_factory=list)

    def add(self, labelled: UInt8Array, truth: UInt8Array, unknown: int = 255) -> None:
        """A photo's label map and true mask, both (H, W): 1 person, 0 nobody, ``unknown`` does not count.

        Raises ValueError when their sizes differ.
        """
        if labelled.shape != truth.shape:
            raise ValueError(f"masks differ in size: {labelled.shape} and {truth.shape}")
        known = truth != unknown
        person, found = (truth == 1) & known, (labelled > 0) & known
        intersection, union = int((person & found).sum()), int((person | found).sum())
        self.intersection += intersection
        self.union += union
        if union:
            self.by_photo.append(intersection / union)

    def result(self) -> dict[str, float]:
        """``pooled`` and ``mean``, 0–1; nan where no photo shows anybody."""
        pooled = self.intersection / self.union if self.union else np.nan
        return {"pooled": pooled, "mean": float(np.mean(self.by_photo)) if self.by_photo else np.nan}


@dataclass
class MatchedPeople:
    """Found people compared with true ones: recall, precision, F1 and the mean likeness of whom was asked for."""

    hits: int = 0
    found: int = 0
    wanted: int = 0
    likeness: list[float] = field(default_factory=list)

    def add(self, likeness: npt.NDArray[np.floating[Any]], asked: Sequence[bool] | Choice) -> None:
        """A photo's likeness (F, T) of each found person, surest first, to each true one, 0–1; ``asked`` (T,): who
        must be found.

        Matched by ``match_greedily``: finding whom nobody asked for neither helps nor hurts.
        """
        wanted = np.asarray(asked, np.bool_)
        best = likeness.max(axis=0, initial=0.0)
        for row, chosen in zip(likeness, match_greedily(likeness, wanted), strict=True):
            if chosen is not None and chosen >= 0:
                best[chosen] = row[chosen]
                self.hits += int(wanted[chosen])
            self.found += chosen is not None and (chosen < 0 or bool(wanted[chosen]))
        self.wanted += int(wanted.sum())
        self.likeness.extend(best[wanted].tolist())

    def result(self) -> dict[str, float]:
        """Shares in 0–1."""
        recall, precision = self.hits / max(self.wanted, 1), self.hits / max(self.found, 1)
        return {
            "recall": recall,
            "precision": precision,
            "f1": 2 * recall * precision / max(recall + precision, 1e-9),
            "likeness": float(np.mean(self.likeness)) if self.likeness else np.nan,
        }


def keypoint_similarity(found: Points, truth: Points, area: float) -> float:
    """Object keypoint similarity (COCO) of the twelve limb joints; nan where none of them is marked.

    ``found``: LIP's joints (16, 2). ``truth``: COCO's key points (17, 3: x, y, v), v > 0 is marked. ``area``: of the
    person in square pixels. exp(−d² / (2 (2 σ)² area)), the mean over the marked ones.
    """
    limbs = truth[list(COCO_OF_LIMB)]
    marked = limbs[:, 2] > 0
    if not marked.any():
        return np.nan
    squared = ((found[list(LIMB_JOINTS)] - limbs[:, :2]) ** 2).sum(axis=1)
    return float(np.exp(-squared / (2 * (2 * OKS_SIGMA) ** 2 * area + 1e-9))[marked].mean())


def limb_joints_near(found: Points, truth: Points) -> Choice:
    """PCK: which of the twelve limb joints (12,) lie within ``TORSO_SHARE`` of the torso's diagonal of the truth.

    ``found``: LIP's joints (16, 2), nan where nobody was found, which is near nothing. ``truth``: (12, 2) in the order
    of ``LIMB_JOINTS``.
    """
    torso = np.linalg.norm(truth[9] - truth[2])
    return np.asarray(np.linalg.norm(found[list(LIMB_JOINTS)] - truth, axis=1) < TORSO_SHARE * torso, np.bool_)
