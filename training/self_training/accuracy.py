"""Accuracy of pseudo-labels, by rule, against the annotations of labelled photos."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.data.adapters.ccp import ClothingCoParsing
from training.data.sample import BrokenSampleError, FloatArray, Sample, UInt8Array
from training.evaluation.metrics import ParsingMetric, iou, merged_confusion
from training.labels.label_set import IGNORE, LabelSet
from training.self_training.rules import agreed_joints, confident_labels, require_same_person, without_swapped_sides
from training.self_training.teacher import TEST_TIME_VIEWS, Answer, answer, average_views

THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)

WAYS = {"one look": 1, "+ mirrored": 2, "+ larger": 4}
"""What is asked → how many of the teacher's looks that takes."""

AGREED = "+ agreement of pose and parsing"

Rule = tuple[str, float]


class PseudoLabelMetric:
    """Counts what a rule keeps, and how much of that is right."""

    def __init__(self, label_set: LabelSet) -> None:
        self.parsing = ParsingMetric(label_set)
        self.known = self.person = 0

    def add(self, labels: UInt8Array, truth: UInt8Array) -> None:
        """Pseudo-labels and annotation of one photo, both (H, W); pixels whose truth is 255 do not count."""
        kept = labels != IGNORE
        self.parsing.add(labels[kept], truth[kept])
        self.known += int((truth != IGNORE).sum())
        self.person += int(((truth != IGNORE) & (truth != 0)).sum())

    def shares(self) -> list[float]:
        """Pixels kept, the person's pixels kept; of those that are kept: how many are right, how many of the person's
        are, the mean IoU of labels, of merged parts, and the IoU of each merged part. All in 0–1."""
        confusion = self.parsing.confusion
        labels, parts = iou(confusion), iou(merged_confusion(confusion, self.parsing.label_set))
        right, count = np.diag(confusion), confusion.sum(1)
        kept = [count.sum() / self.known, count[1:].sum() / self.person]
        correct = [right.sum() / count.sum(), right[1:].sum() / count[1:].sum()]
        return [float(share) for share in (*kept, *correct, np.nanmean(labels), np.nanmean(parts), *parts)]


@dataclass
class JointConsistencyMetric:
    """Counts marked joints, those on which all looks agree, and those of either that lie within half a head (PCKh)."""

    marked: int = 0
    agreed: int = 0
    right: int = 0
    agreed_right: int = 0

    def add(self, looks: FloatArray, truth: FloatArray, label_set: LabelSet) -> None:
        """Every look's joints (V, J, 3) and the marked ones (J, 3) of one photo, which needs a marked head to count."""
        below, above = (truth[label_set.joint_id[name], :2] for name in label_set.head or ())
        near = np.linalg.norm(looks[:, :, :2].mean(0) - truth[:, :2], axis=1) <= 0.5 * np.linalg.norm(above - below)
        known = ~np.isnan(truth[:, 0]) & ~np.isnan(above - below).any()
        agreed = known & ~np.isnan(agreed_joints(looks, label_set)[:, 0])
        self.marked += int(known.sum())
        self.agreed += int(agreed.sum())
        self.right += int((known & near).sum())
        self.agreed_right += int((agreed & near).sum())

    def __str__(self) -> str:
        kept, right, before = self.agreed / self.marked, self.agreed_right / self.agreed, self.right / self.marked
        return (
            f"Of {self.marked} joints, the looks agree on {100 * kept:.1f} %, of which {100 * right:.1f} % are right; "
            f"of all, {100 * before:.1f} %."
        )


def label_every_way(
    teacher: Checkpoint, source: ClothingCoParsing, sample: Sample, answers: list[Answer]
) -> dict[Rule, UInt8Array]:
    """A photo's pseudo-labels (H, W) by each rule. Raises BrokenSampleError where pose and parsing speak of different
    people."""
    opinions = {way: average_views(answers[:looks], *sample.labels.shape) for way, looks in WAYS.items()}
    last = opinions["+ larger"]
    pose = source.pose(sample.name, last.labels)
    require_same_person(sample.name, pose.joints, last.labels)
    found: dict[Rule, UInt8Array] = {}
    for threshold in THRESHOLDS:
        found |= {(way, threshold): confident_labels(opinion, threshold) for way, opinion in opinions.items()}
        found[AGREED, threshold] = without_swapped_sides(found["+ larger", threshold], pose.limbs, teacher.label_set)
    return found


def measure(
    teacher: Checkpoint, source: ClothingCoParsing, names: Iterable[str]
) -> tuple[dict[Rule, PseudoLabelMetric], JointConsistencyMetric, list[str]]:
    """Every rule's tally and that of the joints over the named annotated photos, and the reasons for those left out."""
    tallies: dict[Rule, PseudoLabelMetric] = {}
    joints, left_out = JointConsistencyMetric(), []
    for name in tqdm(names, desc="measure", unit="photo"):
        sample = source.read(name)
        answers = [answer(teacher, sample.image, look) for look in TEST_TIME_VIEWS]
        joints.add(np.stack([given.joints for given in answers]), sample.joints, teacher.label_set)
        try:
            for rule, labels in label_every_way(teacher, source, sample, answers).items():
                tallies.setdefault(rule, PseudoLabelMetric(teacher.label_set)).add(labels, sample.labels)
        except BrokenSampleError as error:
            left_out.append(str(error))
    return tallies, joints, left_out


def table(tallies: dict[Rule, PseudoLabelMetric], label_set: LabelSet) -> str:
    """The tallies in per cent, as Markdown."""
    heads = [
        "rule",
        "threshold",
        "kept",
        "person kept",
        "right",
        "person right",
        "mIoU",
        f"mIoU {len(label_set.merged)}",
    ]
    heads += list(label_set.merged)
    rows = [heads, ["---"] * len(heads)]
    for (way, threshold), tally in tallies.items():
        rows.append([way, f"{threshold:g}", *(f"{100 * share:.1f}" for share in tally.shares())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
