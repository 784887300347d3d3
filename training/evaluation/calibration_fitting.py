"""Fit a checkpoint's calibration on one half of the samples, and measure its reliability on the other half.

Labels are measured at random pixels at the photo's own size; a joint is right within half a head size (PCKh).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor
from torch.nn import functional as F

from training.checkpoints.calibration import Calibration, calibrated_joint_score, calibrated_scores
from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import FloatArray
from training.evaluation.inference import ask
from training.evaluation.metrics import joints_near
from training.evaluation.reliability import Outcomes, Reliability
from training.labels.compatibility import require_same_labels
from training.labels.label_set import LabelSet

PIXELS = 8192
"""Pixels of a photo that are looked at; neighbours say the same, so more would only cost memory."""

COOLEST, HOTTEST = 0.05, 20.0
"""Bounds of the temperature."""

EDGE = 1e-3
"""Peaks are kept so far from 0 and 1 where their log-odds are taken, which are infinite there."""

SUMMARY = ("pixels", "parts", "joints")
"""Measurements that are shown first, and drawn."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said, and what is so.

    ``scores``: label scores before soft-max, (P, L), at pixels whose true label, (P,), is known. ``peaks``: heights of
    marked joints' peaks in 0–1, (K,), and whether the joint is ``near`` there, (K,).
    """

    scores: Tensor
    labels: Tensor
    peaks: Tensor
    near: Outcomes

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        scores, labels, peaks = (
            torch.cat([getattr(part, name) for part in parts]) for name in ("scores", "labels", "peaks")
        )
        return cls(scores, labels, peaks, np.concatenate([part.near for part in parts]))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Reliability of the labels at all pixels, at those that were given a part (any label but the background), of each
    label where it was given, and of the joints."""

    pixels: Reliability
    parts: Reliability
    label: dict[str, Reliability]
    joints: Reliability

    @classmethod
    def read(cls, record: dict[str, Any]) -> Self:
        """From ``dataclasses.asdict``, by way of JSON."""
        label = {name: Reliability.read(part) for name, part in record["label"].items()}
        pixels, parts, joints = (Reliability.read(record[name]) for name in ("pixels", "parts", "joints"))
        return cls(pixels, parts, label, joints)


def collect(checkpoint: Checkpoint, samples: Iterable[tuple[PreparedFolder, str]]) -> Answers:
    """Ask the checkpoint about every sample. Raises ValueError when it does not know the samples' labels."""
    parts = []
    for number, (folder, name) in enumerate(samples):
        require_same_labels(checkpoint.label_set, folder.label_set)
        sample = folder.read(name)
        answer = ask(checkpoint.network, sample.image, checkpoint.recipe.network)
        rows, columns = np.nonzero(sample.labels < len(checkpoint.label_set.labels))
        chosen = np.random.default_rng(number).permutation(len(rows))[:PIXELS]
        points = np.stack([columns[chosen], rows[chosen]], 1).astype(np.float32)
        known, near = joints_near(answer.joints, sample.joints, checkpoint.label_set)
        labels = torch.from_numpy(sample.labels[rows[chosen], columns[chosen]]).long()
        peaks = torch.from_numpy(answer.joints[known, 2]).double()
        parts.append(Answers(scores_at(answer.scores, points, answer.to_grid), labels, peaks, near[known]))
    return Answers.joined(parts)


def scores_at(scores: Tensor, points: FloatArray, to_grid: FloatArray) -> Tensor:
    """Label scores (L, h, w) at points of the photo (P, 2), as x, y → (P, L): bilinear, as ``inference.predict`` does.

    ``to_grid``: affine map (2, 3) from photo pixels to cells.
    """
    cells = torch.from_numpy(points @ to_grid[:, :2].T + to_grid[:, 2])
    last = torch.tensor([scores.shape[2] - 1, scores.shape[1] - 1])
    places = (2 * cells / last - 1)[None, None]
    return F.grid_sample(scores[None], places, padding_mode="border", align_corners=True)[0, :, 0].T.contiguous()


def fit(answers: Answers) -> Calibration:
    """The numbers under which the answers were likeliest; for the temperature, those at pixels that were given a part.

    The background fills most of every photo and is easy: a temperature of all pixels would be its own, and the
    confidence of parts, which is what people read, would be as wrong as before.
    """
    part = answers.scores.argmax(1) != 0
    slope, offset = fitted_joint_map(answers.peaks.numpy(), answers.near)
    return Calibration(
        temperature=fitted_temperature(answers.scores[part], answers.labels[part]),
        joint_slope=slope,
        joint_offset=offset,
    )


def fitted_temperature(scores: Tensor, labels: Tensor) -> float:
    """Temperature of the least negative log-likelihood; (P, L) and (P,), see ``Answers``."""

    def cost(logarithm: float) -> float:
        return float(F.cross_entropy(scores / np.exp(logarithm), labels))

    found = minimize_scalar(cost, bounds=(np.log(COOLEST), np.log(HOTTEST)), options={"xatol": 1e-3})
    return float(np.exp(found.x))


def fitted_joint_map(peaks: npt.NDArray[np.float64], near: Outcomes) -> tuple[float, float]:
    """Slope and offset of the logistic map from a peak's log-odds to the chance that the joint is near, (K,) both.

    Platt (1999): logistic regression towards targets that are a little less than certain, so that answers which are all
    right, or all wrong, have an optimum as well. Without any answer: the map that changes nothing.
    """
    if not len(near):
        return 1.0, 0.0
    edged = peaks.clip(EDGE, 1 - EDGE)
    odds = np.log(edged / (1 - edged))
    hits, misses = near.sum(), (~near).sum()
    target = np.where(near, (hits + 1) / (hits + 2), 1 / (misses + 2))

    def cost(parameters: npt.NDArray[np.float64]) -> float:
        chance = parameters[0] * odds + parameters[1]
        return float(np.mean(np.logaddexp(0, chance) - target * chance))

    found = minimize(cost, [1.0, 0.0], bounds=[(EDGE, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def measure(answers: Answers, calibration: Calibration, label_set: LabelSet) -> Measurement:
    """Reliability of the answers as the calibration makes them."""
    chances = calibrated_scores(answers.scores, calibration).softmax(1)
    confidence, given = (tensor.numpy() for tensor in chances.max(1))
    confidence, right = confidence.astype(np.float64), given == answers.labels.numpy()
    label = {
        name: Reliability.of(confidence[given == number], right[given == number])
        for name, number in label_set.label_id.items()
    }
    joints = Reliability.of(calibrated_joint_score(answers.peaks, calibration).numpy(), answers.near)
    part = given != 0
    return Measurement(Reliability.of(confidence, right), Reliability.of(confidence[part], right[part]), label, joints)


def table(before: Measurement, after: Measurement) -> str:
    """Expected calibration errors in per cent, as text."""
    rows = [(name, getattr(before, name), getattr(after, name)) for name in SUMMARY]
    rows += [(f"  {name}", part, after.label[name]) for name, part in before.label.items() if any(part.count)]
    lines = [
        f"{name:24} {sum(old.count):9d} {100 * old.error:8.2f} {100 * new.error:8.2f}"
        for name, old, new in rows
        if any(old.count)
    ]
    return "\n".join([f"{'ECE in per cent':24} {'answers':>9} {'before':>8} {'after':>8}", *lines])
