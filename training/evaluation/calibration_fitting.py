"""Calibration fitting: temperature and joint score map of a checkpoint, from its predictions for labelled samples.

Labels are read at random pixels at the photo's own size; a joint is right within half a head size (PCKh).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor
from torch.nn import functional as F

from training.checkpoints.calibration import Calibration
from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import FloatArray
from training.evaluation.inference import run_network
from training.evaluation.metrics import joints_near
from training.evaluation.reliability import Outcomes
from training.labels.compatibility import require_same_labels

PIXELS_PER_PHOTO = 8192
"""Pixels that are read of each photo; neighbours are alike, so more would only cost memory."""

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
"""Bounds of the temperature."""

MIN_PROBABILITY = 1e-3
"""Peaks are clipped to this distance from 0 and 1, where their log-odds are infinite."""


@dataclass(frozen=True, slots=True)
class ScoredPredictions:
    """Scores of predictions, and the ground truth.

    ``scores``: label scores before soft-max, (P, L), at pixels whose true label, (P,), is known. ``peaks``: heights of
    marked joints' peaks in 0–1, (K,), and whether the joint is ``near`` there, (K,).
    """

    scores: Tensor
    labels: Tensor
    peaks: Tensor
    near: Outcomes

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The predictions of several photos together."""
        scores, labels, peaks = (
            torch.cat([getattr(part, name) for part in parts]) for name in ("scores", "labels", "peaks")
        )
        return cls(scores, labels, peaks, np.concatenate([part.near for part in parts]))


def collect_predictions(checkpoint: Checkpoint, samples: Iterable[tuple[PreparedFolder, str]]) -> ScoredPredictions:
    """Predictions for every sample. Raises ValueError when checkpoint and samples have different labels."""
    parts = []
    for number, (folder, name) in enumerate(samples):
        require_same_labels(checkpoint.label_set, folder.label_set)
        sample = folder.read(name)
        output = run_network(checkpoint.network, sample.image, checkpoint.recipe.network)
        rows, columns = np.nonzero(sample.labels < len(checkpoint.label_set.labels))
        chosen = np.random.default_rng(number).permutation(len(rows))[:PIXELS_PER_PHOTO]
        points = np.stack([columns[chosen], rows[chosen]], 1).astype(np.float32)
        known, near = joints_near(output.joints, sample.joints, checkpoint.label_set)
        labels = torch.from_numpy(sample.labels[rows[chosen], columns[chosen]]).long()
        peaks = torch.from_numpy(output.joints[known, 2]).double()
        parts.append(ScoredPredictions(scores_at(output.scores, points, output.to_grid), labels, peaks, near[known]))
    return ScoredPredictions.joined(parts)


def scores_at(scores: Tensor, points: FloatArray, to_grid: FloatArray) -> Tensor:
    """Label scores (L, h, w) at points of the photo (P, 2), as x, y → (P, L): bilinear, as ``inference.predict`` does.

    ``to_grid``: affine map (2, 3) from photo pixels to cells.
    """
    cells = torch.from_numpy(points @ to_grid[:, :2].T + to_grid[:, 2])
    last = torch.tensor([scores.shape[2] - 1, scores.shape[1] - 1])
    places = (2 * cells / last - 1)[None, None]
    return F.grid_sample(scores[None], places, padding_mode="border", align_corners=True)[0, :, 0].T.contiguous()


def fit_calibration(predictions: ScoredPredictions) -> Calibration:
    """The calibration of maximum likelihood; the temperature only of pixels that were predicted to be a part.

    The background fills most of every photo and is easy: a temperature fitted to all pixels would be right for the
    background, and the confidence of parts would stay as wrong as it was.
    """
    part = predictions.scores.argmax(1) != 0
    slope, offset = fit_joint_map(predictions.peaks.numpy(), predictions.near)
    return Calibration(
        temperature=fit_temperature(predictions.scores[part], predictions.labels[part]),
        joint_slope=slope,
        joint_offset=offset,
    )


def fit_temperature(scores: Tensor, labels: Tensor) -> float:
    """Temperature of the least negative log-likelihood; (P, L) and (P,), see ``ScoredPredictions``."""

    def cost(logarithm: float) -> float:
        return float(F.cross_entropy(scores / np.exp(logarithm), labels))

    found = minimize_scalar(cost, bounds=(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)), options={"xatol": 1e-3})
    return float(np.exp(found.x))


def fit_joint_map(peaks: npt.NDArray[np.float64], near: Outcomes) -> tuple[float, float]:
    """Slope and offset of the logistic map from a peak's log-odds to the chance that the joint is near, (K,) both.

    Platt (1999): logistic regression towards targets that are a little less than certain, so that there is an
    optimum even where all are right, or all wrong. Without any joint: the map that changes nothing.
    """
    if not len(near):
        return 1.0, 0.0
    edged = peaks.clip(MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    odds = np.log(edged / (1 - edged))
    hits, misses = near.sum(), (~near).sum()
    target = np.where(near, (hits + 1) / (hits + 2), 1 / (misses + 2))

    def cost(parameters: npt.NDArray[np.float64]) -> float:
        chance = parameters[0] * odds + parameters[1]
        return float(np.mean(np.logaddexp(0, chance) - target * chance))

    found = minimize(cost, [1.0, 0.0], bounds=[(MIN_PROBABILITY, None), (None, None)])
    return float(found.x[0]), float(found.x[1])
