"""Pseudo-labels: a teacher's labels of photos without annotation, written as a prepared folder."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, Sample, read_image
from training.data.unlabelled import Pose, UnlabelledPhotos
from training.self_training.rules import agreed_joints, confident_labels, require_same_person, without_swapped_sides
from training.self_training.teacher import TEST_TIME_VIEWS, ask


@dataclass(frozen=True, slots=True)
class Rules:
    """The least probability of a label that is kept, and how many of ``LOOKS`` the teacher takes at a photo."""

    threshold: float
    looks: int


def pseudo_label(teacher: Checkpoint, source: UnlabelledPhotos, name: str, rules: Rules) -> Sample:
    """One photo with what can be trusted of the teacher's labels. Raises BrokenSampleError."""
    image = read_image(source.photo(name))
    opinion = ask(teacher, image, TEST_TIME_VIEWS[: rules.looks])
    pose = source.pose(name, opinion.labels) or Pose(agreed_joints(opinion.joints, teacher.label_set))
    require_same_person(name, pose.joints, opinion.labels)
    labels = without_swapped_sides(confident_labels(opinion, rules.threshold), pose.limbs, teacher.label_set)
    return Sample(name, image, labels, pose.joints, source.info.licence)


def pseudo_label_all(teacher: Checkpoint, source: UnlabelledPhotos, out: Path, rules: Rules) -> Iterator[str]:
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
