"""Detector calibration: how likely a box is right, by the detector's score and the box's size, fitted on photos.

A calibrated score is the probability that a box is a person whom an annotator boxed. A small box is right less often
than a large one of the same score, so the size counts, too.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from training.data.box_overlap import Boxes, Scores, corners
from training.data.openimages_source import OpenImagesPeople
from training.data.sample import read_image
from training.errors.input_error import InputError
from training.evaluation.detection import asked_for, verdicts
from training.networks.detector.detect import Run, detect

LEAST_SCORE: Final = 0.1
"""Score from which on a box counts: far below any threshold, and two in three of those above 0.03 have less."""
CEILING: Final = 0.85
"""Logit above which a box is right whatever its size: of scores from 0.7 on, 97 to 100 % of the boxes on 1,832 Open
Images photos are. Without it a passer-by of 0.83 is surer than somebody of 0.75 who fills the photo."""
NOBODY_WEIGHT: Final = 5.0
"""How much a box on a photo of nobody counts: there are few such photos. On 111 of them that the network did not learn
from, somebody is seen on 6.3 % with 1 and 4.5 % with 5; F1 on 321 Open Images photos is 0.693 and 0.691."""


class ScoreCalibration(BaseModel):
    """σ(slope · min(logit, ceiling) + size · ln(share) + offset): Platt's scaling (1999) with a second variable.

    ``logit`` is the score's log-odds, ``share`` the box's share of the input.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ceiling: float
    slope: float = Field(gt=0)
    size: float = Field(ge=0)
    offset: float


class Outcomes(NamedTuple):
    """Boxes of an uncalibrated detector: ``logits`` (N,), ``log_shares`` (N,) of the photo, whether each is ``right``
    (N,), and how much it counts, ``weights`` (N,)."""

    logits: npt.NDArray[np.float64]
    log_shares: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float64]


def collect_outcomes(
    run: Run, side: int, source: OpenImagesPeople, names: Sequence[str], nobody: Sequence[Path]
) -> Outcomes:
    """What an uncalibrated detector finds on Open Images photos, as they are handed out, and on photos of nobody."""
    parts = []
    for name in names:
        image = read_image(source.photo(name))
        truth, size = corners(source.squeezed_boxes(name)), image.shape[:2]
        boxes, scores = detect(run, image, side)
        counts, right = verdicts(boxes, truth, asked_for(truth, *size))
        parts.append(_outcomes(boxes[counts], scores[counts], right[counts], size, 1.0))
    for path in nobody:
        image = read_image(path)
        boxes, scores = detect(run, image, side)
        parts.append(_outcomes(boxes, scores, np.zeros(len(scores), bool), image.shape[:2], NOBODY_WEIGHT))
    return Outcomes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _outcomes(
    boxes: Boxes, scores: Scores, right: npt.NDArray[np.bool_], size: tuple[int, ...], weight: float
) -> Outcomes:
    counts = scores >= LEAST_SCORE
    logits = logit(scores[counts].astype(np.float64))
    log_shares = np.log(np.prod(boxes[counts, 2:] - boxes[counts, :2], 1, dtype=np.float64) / (size[0] * size[1]))
    return Outcomes(logits, log_shares, right[counts], np.full(len(logits), weight))


def fit_score_calibration(outcomes: Outcomes) -> ScoreCalibration:
    """The calibration under which the outcomes are most likely (logistic regression).

    Raises InputError when all boxes are right, or none is: then there is nothing to fit.
    """
    if outcomes.right.all() or not outcomes.right.any():
        which = "all" if outcomes.right.any() else "none"
        raise InputError(
            f"the scores cannot be calibrated: of {len(outcomes.right)} boxes that are found on the photos, {which} are"
            " right. The usual cause is a network that was hardly trained, or too few photos"
        )
    logits = np.minimum(outcomes.logits, CEILING)
    inputs = np.stack([np.ones_like(logits), logits, outcomes.log_shares], 1)
    signs = np.where(outcomes.right, 1.0, -1.0)

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margins = signs * (inputs @ parameters)
        gradient = -(outcomes.weights * signs * expit(-margins)) @ inputs
        return -float(outcomes.weights @ log_expit(margins)), gradient

    offset, slope, size = minimize(
        loss, np.array([0.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.01, None), (0.0, None)]
    ).x
    return ScoreCalibration(ceiling=CEILING, offset=float(offset), slope=float(slope), size=float(size))
