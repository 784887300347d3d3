"""How often pseudo-labels are right: ``python -m training.self_training.measure TEACHER --root CCP``.

Labels Clothing Co-Parsing's validation photos as if nobody had, and compares with their annotations. Prints Markdown
(docs/self-training.md).
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from training.checkpoint import Checkpoint, load_checkpoint
from training.data.ccp import ClothingCoParsing
from training.data.sample import BrokenSampleError, Sample, UInt8Array
from training.evaluate import require_same
from training.label_set import IGNORE, LabelSet
from training.metrics import ParsingMetric, iou, merged_confusion
from training.self_training.rules import confident_labels, require_same_person, without_swapped_sides
from training.self_training.teacher import LOOKS, answer, mean_opinion

THRESHOLDS = (0.0, 0.7, 0.8, 0.9, 0.95)
WAYS = {"one look": 1, "+ mirrored": 2, "+ larger": 4}
"""What is asked → how many of the teacher's looks that takes."""

AGREED = "+ agreement of pose and parsing"

Rule = tuple[str, float]


class Tally:
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
        """Pixels kept, the person's pixels kept; of those that are kept: how many are right, the mean IoU of labels, of
        merged parts, and the IoU of each merged part. All in 0–1."""
        confusion = self.parsing.confusion
        labels, parts = iou(confusion), iou(merged_confusion(confusion, self.parsing.label_set))
        total = confusion.sum()
        kept = [total / self.known, confusion[1:].sum() / self.person, np.diag(confusion).sum() / total]
        return [float(share) for share in (*kept, np.nanmean(labels), np.nanmean(parts), *parts)]


def label_every_way(
    teacher: Checkpoint, source: ClothingCoParsing, sample: Sample
) -> Iterator[tuple[Rule, UInt8Array]]:
    """A photo's pseudo-labels (H, W) by each rule. Raises BrokenSampleError where pose and parsing speak of different
    people."""
    answers = [answer(teacher, sample.image, look) for look in LOOKS]
    opinions = {way: mean_opinion(answers[:looks], *sample.labels.shape) for way, looks in WAYS.items()}
    last = opinions["+ larger"]
    pose = source.pose(sample.name, last.labels)
    require_same_person(sample.name, pose.joints, last.labels)
    for threshold in THRESHOLDS:
        labels = {way: confident_labels(opinion, threshold) for way, opinion in opinions.items()}
        labels[AGREED] = without_swapped_sides(labels["+ larger"], pose.limbs, teacher.label_set)
        yield from (((way, threshold), found) for way, found in labels.items())


def measure(
    teacher: Checkpoint, source: ClothingCoParsing, names: Iterable[str]
) -> tuple[dict[Rule, Tally], list[str]]:
    """Every rule's tally over the named annotated photos, and the reasons for those left out."""
    tallies: dict[Rule, Tally] = {}
    left_out = []
    for name in tqdm(names, desc="measure", unit="photo"):
        sample = source.read(name)
        try:
            for rule, labels in label_every_way(teacher, source, sample):
                tallies.setdefault(rule, Tally(teacher.label_set)).add(labels, sample.labels)
        except BrokenSampleError as error:
            left_out.append(str(error))
    return tallies, left_out


def table(tallies: dict[Rule, Tally], label_set: LabelSet) -> str:
    """The tallies in per cent, as Markdown."""
    heads = ["rule", "threshold", "kept", "person kept", "right", "mIoU", f"mIoU {len(label_set.merged)}"]
    heads += list(label_set.merged)
    rows = [heads, ["---"] * len(heads)]
    for (way, threshold), tally in tallies.items():
        rows.append([way, f"{threshold:g}", *(f"{100 * share:.1f}" for share in tally.shares())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path, help="a checkpoint")
    parser.add_argument("--root", type=Path, required=True, help="Clothing Co-Parsing as published")
    args = parser.parse_args()
    teacher, source = load_checkpoint(args.teacher), ClothingCoParsing(args.root)
    require_same(teacher.label_set, source.label_set)
    teacher.network.to("cuda" if torch.cuda.is_available() else "cpu")
    tallies, left_out = measure(teacher, source, source.splits()["val"])
    print(table(tallies, teacher.label_set))
    for reason in left_out:
        print(f"left out {reason}")


if __name__ == "__main__":
    main()
