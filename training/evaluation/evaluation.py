"""Evaluation: the metrics of predictions over photos, as counts that several processes can add up."""

from typing import Any

import numpy as np

from training.data.sample import Sample
from training.evaluation.inference import Prediction
from training.evaluation.metrics import Counts, ParsingMetric, PoseMetric
from training.labels.label_set import LabelSet


class Evaluation:
    """Collects predictions of photos. All that it keeps are whole numbers, so their order and split do not matter."""

    def __init__(self, label_set: LabelSet) -> None:
        self.label_set = label_set
        self.photos = 0
        self.parsing, self.pose = ParsingMetric(label_set), PoseMetric(label_set)

    def add(self, prediction: Prediction, sample: Sample) -> None:
        """One photo's prediction and its truth."""
        self.photos += 1
        self.parsing.add(prediction.labels, sample.labels)
        self.pose.add(prediction.joints, sample.joints)

    def counts(self) -> Counts:
        """Everything collected so far, int64 (1 + L² + 2J,)."""
        return np.concatenate([[self.photos], self.parsing.confusion.ravel(), self.pose.correct, self.pose.marked])

    def add_counts(self, counts: Counts) -> None:
        """Add what another evaluation, or several, collected."""
        labels, joints = self.parsing.confusion.size, len(self.pose.correct)
        photos, confusion, correct, marked = np.split(counts, np.cumsum([1, labels, joints]))
        self.photos += int(photos[0])
        self.parsing.confusion += confusion.reshape(self.parsing.confusion.shape)
        self.pose.correct += correct
        self.pose.marked += marked

    def result(self) -> dict[str, Any]:
        """All figures in 0–1 (``training.evaluation.metrics``); those of the pose where the label set has joints."""
        pose = self.pose.result() if self.label_set.joints else {}
        return {"photos": self.photos, **self.parsing.result(), **pose}
