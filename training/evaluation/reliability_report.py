"""Reliability report: how often predictions with a score are right, before and after calibration."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from training.checkpoints.calibration import Calibration, calibrated_joint_score, calibrated_scores
from training.evaluation.calibration_fitting import ScoredPredictions
from training.evaluation.reliability import Reliability
from training.labels.label_set import LabelSet

SUMMARY = ("pixels", "parts", "joints")
"""Figures that are shown first, and drawn."""


@dataclass(frozen=True, slots=True)
class ReliabilityReport:
    """Reliability of labels and joints.

    ``pixels``: at all pixels; ``parts``: at those whose predicted label is not the background; ``label``: of each label
    where it was predicted; ``joints``.
    """

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


def measure_reliability(
    predictions: ScoredPredictions, calibration: Calibration, label_set: LabelSet
) -> ReliabilityReport:
    """Reliability of predictions whose scores are calibrated."""
    chances = calibrated_scores(predictions.scores, calibration).softmax(1)
    confidence, given = (tensor.numpy() for tensor in chances.max(1))
    confidence, right = confidence.astype(np.float64), given == predictions.labels.numpy()
    label = {
        name: Reliability.of(confidence[given == number], right[given == number])
        for name, number in label_set.label_id.items()
    }
    joints = Reliability.of(calibrated_joint_score(predictions.peaks, calibration).numpy(), predictions.near)
    part = given != 0
    return ReliabilityReport(
        Reliability.of(confidence, right), Reliability.of(confidence[part], right[part]), label, joints
    )


def table(before: ReliabilityReport, after: ReliabilityReport) -> str:
    """Expected calibration errors in per cent, as text."""
    rows = [(name, getattr(before, name), getattr(after, name)) for name in SUMMARY]
    rows += [(f"  {name}", part, after.label[name]) for name, part in before.label.items() if any(part.count)]
    lines = [
        f"{name:24} {sum(old.count):9d} {100 * old.error:8.2f} {100 * new.error:8.2f}"
        for name, old, new in rows
        if any(old.count)
    ]
    return "\n".join([f"{'ECE in per cent':24} {'answers':>9} {'before':>8} {'after':>8}", *lines])
