"""Label photos that nobody labelled: ``python -m training.pseudo_label TEACHER SOURCE --root DIR --out DIR``.

TEACHER is a checkpoint. SOURCE ``ccp`` is Clothing Co-Parsing, whose photos without annotation are labelled; ``photos``
any folder of photos of one person each, with a ``dataset.json`` that says whose they are. The prepared folder that this
makes is mixed with labelled ones: ``training.train PRESET --data LABELLED --data OUT``. Its rules, and how often they
are right: docs/self-training.md.

Resumable: photos that are already there are kept. A photo that cannot be used is named and left out.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from tqdm import tqdm

from training.checkpoint import Checkpoint, load_checkpoint
from training.data.ccp import ClothingCoParsing
from training.data.photo_folder import PhotoFolder
from training.data.sample import BrokenSampleError, PreparedFolder, Sample, read_image
from training.data.unlabelled import Pose, Unlabelled
from training.evaluate import require_same
from training.self_training.rules import (
    CONFIDENT,
    agreed_joints,
    confident_labels,
    require_same_person,
    without_swapped_sides,
)
from training.self_training.teacher import LOOKS, ask

SOURCES: dict[str, Callable[[Path], Unlabelled]] = {"ccp": ClothingCoParsing, "photos": PhotoFolder}


@dataclass(frozen=True, slots=True)
class Rules:
    """The least probability of a label that is kept, and how many of ``LOOKS`` the teacher takes at a photo."""

    threshold: float
    looks: int


def pseudo_label(teacher: Checkpoint, source: Unlabelled, name: str, rules: Rules) -> Sample:
    """One photo with what can be trusted of the teacher's labels. Raises BrokenSampleError."""
    image = read_image(source.photo(name))
    opinion = ask(teacher, image, LOOKS[: rules.looks])
    pose = source.pose(name, opinion.labels) or Pose(agreed_joints(opinion.joints, teacher.label_set))
    require_same_person(name, pose.joints, opinion.labels)
    labels = without_swapped_sides(confident_labels(opinion, rules.threshold), pose.limbs, teacher.label_set)
    return Sample(name, image, labels, pose.joints, source.info.licence)


def pseudo_label_all(teacher: Checkpoint, source: Unlabelled, out: Path, rules: Rules) -> Iterator[str]:
    """Write every usable photo of ``source`` to ``out``; yields, for each that is left out, why."""
    folder, names = PreparedFolder(out), source.unlabelled()
    for name in tqdm([name for name in names if not folder.has(name)], desc="pseudo-label", unit="photo"):
        try:
            folder.write(pseudo_label(teacher, source, name, rules), source.photo(name))
        except BrokenSampleError as error:
            yield str(error)
        except Exception as error:  # whatever is wrong with one photo, the others are labelled
            yield f"{name}: {type(error).__name__}: {error}"
    info = replace(source.info, name=f"{source.info.name}, pseudo-labels")
    folder.write_index(info, {"train": [name for name in names if folder.has(name)], "val": []}, teacher.label_set)


def require_same_run(out: Path, teacher: Path, rules: Rules) -> None:
    """Note in ``out`` which teacher labels and by which rules. Raises ValueError if it holds the labels of others."""
    run = {"teacher": hashlib.sha256(teacher.read_bytes()).hexdigest(), **asdict(rules)}
    note = out / "teacher.json"
    if note.exists() and json.loads(note.read_text()) != run:
        raise ValueError(f"{out} holds the labels of another teacher, threshold or number of looks: give another --out")
    out.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(run) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path, help="a checkpoint")
    parser.add_argument("source", choices=sorted(SOURCES))
    parser.add_argument("--root", type=Path, required=True, help="the data set as published, or the folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="the prepared folder to make")
    parser.add_argument(
        "--looks", type=int, choices=range(1, len(LOOKS) + 1), default=len(LOOKS), help="how often a photo is shown"
    )
    parser.add_argument("--threshold", type=float, default=CONFIDENT, help="least probability of a label (%(default)s)")
    args = parser.parse_args()
    teacher = load_checkpoint(args.teacher)
    rules = Rules(args.threshold, args.looks)
    teacher.network.to("cuda" if torch.cuda.is_available() else "cpu")
    try:
        source = SOURCES[args.source](args.root)
        if source.label_set:
            require_same(teacher.label_set, source.label_set)
        require_same_run(args.out, args.teacher, rules)
        left_out = list(pseudo_label_all(teacher, source, args.out, rules))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    print(f"{args.out}: {len(PreparedFolder(args.out).names('train'))} photos labelled, {len(left_out)} left out")
    for reason in left_out:
        print(f"  left out {reason}")


if __name__ == "__main__":
    main()
