"""Pseudo-labels: a teacher's labels of photos without annotation, written as a prepared folder."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.checkpoints.digest import file_sha256
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, Sample, read_image
from training.data.unlabelled import Pose, UnlabelledPhotos
from training.errors.input_error import InputError
from training.self_training.rules import (
    consistent_joints,
    drop_swapped_sides,
    drop_uncertain_labels,
    require_same_person,
)
from training.self_training.teacher import INFERENCE_VIEWS, predict_views


@dataclass(frozen=True, slots=True)
class PseudoLabelRules:
    """The least probability of a label that is kept, and how many of ``INFERENCE_VIEWS`` the teacher averages."""

    threshold: float
    views: int


def pseudo_label(teacher: Checkpoint, source: UnlabelledPhotos, name: str, rules: PseudoLabelRules) -> Sample:
    """One photo with those of the teacher's labels that pass the rules. Raises BrokenSampleError."""
    image = read_image(source.photo(name))
    prediction = predict_views(teacher, image, INFERENCE_VIEWS[: rules.views])
    pose = source.pose(name, prediction.labels) or Pose(consistent_joints(prediction.joints, teacher.label_set))
    require_same_person(name, pose.joints, prediction.labels)
    labels = drop_swapped_sides(drop_uncertain_labels(prediction, rules.threshold), pose.limbs, teacher.label_set)
    return Sample(name, image, labels, pose.joints, source.info.licence)


def write_pseudo_labels(
    teacher: Checkpoint, source: UnlabelledPhotos, out: Path, rules: PseudoLabelRules
) -> Iterator[str]:
    """Write every usable photo of ``source`` to ``out``. Yields the reason for each photo that is left out."""
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


def require_same_run(out: Path, teacher: Path, rules: PseudoLabelRules) -> None:
    """Record teacher and rules in ``out``. Raises InputError if another teacher or other rules are recorded there."""
    run = {"teacher": file_sha256(teacher), **asdict(rules)}
    note = out / "teacher.json"
    if note.exists() and _read_note(note) != run:
        raise InputError(f"{out} holds the labels of another teacher, threshold or number of views: give another --out")
    out.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(run) + "\n")


def _read_note(path: Path) -> dict[str, Any]:
    """The recorded teacher and rules; the number of views was called ``looks`` before."""
    note: dict[str, Any] = json.loads(path.read_text())
    return {"views" if key == "looks" else key: value for key, value in note.items()}
