"""What a folder of answers holds beside one answer a photo: ids, and files that are joined of them all."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

from service.cli.files import Task
from service.cli.formats import coco, cvat
from service.cli.formats.labelme import labelme_json
from service.cli.formats.parsed_photo import ParsedPhoto
from service.cli.write_record import WriteRecord
from service.imaging.errors import PhotoError
from service.imaging.inspect import read_file

Labels = Sequence[tuple[str, tuple[int, int, int]]]
CorrectionFormat = Literal["labelme", "cvat"]
CVAT_ALL: Final = "cvat.annotations.xml"
"""The file of all photos of a folder, for CVAT."""


class Convert(Protocol):
    """Makes a task's answer of the service's."""

    def __call__(self, answer: bytes, task: Task, labels: Labels) -> bytes: ...


class FolderFormat(NamedTuple):
    """How a folder's answers are written."""

    name: CorrectionFormat | None = None
    """Where it is none of the service's."""
    suffix: str | None = None
    """Of the answers, where it is not the service's format's."""
    convert: Convert | None = None
    join: Callable[[Sequence[Task]], Mapping[str, bytes]] | None = None
    """Makes files of the folder, by name, of all answers that are there."""
    image_ids: Mapping[Path, int] = {}
    """What COCO calls the photos, by their places."""


def correction_format(name: CorrectionFormat) -> FolderFormat:
    """A format whose files are corrected by hand. It is made of ``/parse``'s JSON with run lengths."""
    if name == "labelme":
        return FolderFormat(name, ".json", _labelme)
    return FolderFormat(
        name, ".xml", _cvat, lambda tasks: {CVAT_ALL: cvat.join(task.answer.read_bytes() for task in tasks)}
    )


def coco_format(tasks: Sequence[Task], annotations: Path | None, written: WriteRecord) -> FolderFormat:
    """COCO's results, with ids from an annotation file, from a run before, or made.

    Raises:
        PlanError: the annotation file cannot be used.
    """
    places = [task.place for task in tasks]
    if annotations:
        ids = coco.annotated_ids(places, annotations)
    else:
        before = written.folder / coco.IMAGES
        ids = coco.ids_of(places, coco.read_ids(before) if written.is_unchanged(before) else {})
    return FolderFormat(join=partial(_join_coco, ids), image_ids=ids)


def _join_coco(ids: Mapping[Path, int], tasks: Sequence[Task]) -> Mapping[str, bytes]:
    answers = ((ids[task.place], task.answer.read_bytes()) for task in tasks)
    sizes = {task.place: size for task in tasks if (size := _size(task.photo))}
    return {coco.RESULTS: coco.results_json(answers), coco.IMAGES: coco.images_json(ids, sizes)}


def _size(photo: Path) -> tuple[int, int] | None:
    """Width and height of an upright photo; None if it is no longer one."""
    try:
        return read_file(photo.read_bytes()).header.upright_size
    except (OSError, PhotoError):
        return None


def _labelme(answer: bytes, task: Task, labels: Labels) -> bytes:
    path = Path(os.path.relpath(task.photo.absolute(), task.answer.parent.absolute()))
    return labelme_json(ParsedPhoto.read(answer), path)


def _cvat(answer: bytes, task: Task, labels: Labels) -> bytes:
    return cvat.cvat_xml(ParsedPhoto.read(answer), task.place.as_posix(), labels)
