"""COCO's results of a folder: one list that ``pycocotools`` loads, and the ids of the photos in it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from service.cli.photo_search import PlanError

RESULTS: Final = "coco.results.json"
"""The one list of a folder's results, beside the answers."""
IMAGES: Final = "coco.images.json"
"""Which photo has which id, as an annotation file without annotations: ``COCO(IMAGES).loadRes(RESULTS)``."""
MAX_DIGITS: Final = 18
"""Of an id, so that it fits into 64 bits."""
PERSON: Final[Mapping[str, object]] = {"id": 1, "name": "person", "supercategory": "person"}


def ids_of(places: Sequence[Path], known: Mapping[str, int]) -> dict[Path, int]:
    """An id for each photo: the one that is known by its place, else the number at the end of its name, else a new one.

    Numbers at the ends of names are taken if all photos have one, each another.
    """
    ids = {place: known[place.as_posix()] for place in places if place.as_posix() in known}
    new = [place for place in places if place not in ids]
    numbers = [_number(place) for place in new]
    taken = set(ids.values())
    if None not in numbers and len(set(numbers)) == len(new) and not taken & set(numbers):
        return ids | {place: number for place, number in zip(new, numbers, strict=True) if number is not None}
    first = max(taken, default=0) + 1
    return ids | dict(zip(new, range(first, first + len(new)), strict=True))


def annotated_ids(places: Sequence[Path], file: Path) -> dict[Path, int]:
    """The ids that a COCO annotation file gives the photos, by ``file_name``: the place, or the name alone.

    Raises:
        PlanError: it is no such file, or a photo is not in it.
    """
    known = read_ids(file)
    names = {Path(name).name: number for name, number in known.items()}
    ids = {place: known.get(place.as_posix(), names.get(place.name)) for place in places}
    missing = [str(place) for place, number in ids.items() if number is None]
    if missing:
        raise PlanError(
            f"{file} has no id for {len(missing)} of {len(places)} photos: {', '.join(missing[:3])}"
            + (", …" if len(missing) > 3 else "")
            + ". Name another file, or leave --image-ids out: then ids are made."
        )
    return {place: number for place, number in ids.items() if number is not None}


def read_ids(file: Path) -> dict[str, int]:
    """``file_name`` → id of the images in a COCO annotation file.

    Raises:
        PlanError: it is no such file.
    """
    try:
        return {str(image["file_name"]): int(image["id"]) for image in json.loads(file.read_bytes())["images"]}
    except OSError as error:
        raise PlanError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError):
        raise PlanError(f"{file} is no COCO annotation file: it has no images with id and file_name.") from None


def images_json(ids: Mapping[Path, int], sizes: Mapping[Path, tuple[int, int]]) -> bytes:
    """The file that says which photo has which id, and of photos whose width and height are known these."""
    images = [
        {"id": number, "file_name": place.as_posix()}
        | ({"width": sizes[place][0], "height": sizes[place][1]} if place in sizes else {})
        for place, number in ids.items()
    ]
    return json.dumps({"images": images, "annotations": [], "categories": [PERSON]}, indent=1).encode()


def results_json(answers: Iterable[tuple[int, bytes]]) -> bytes:
    """One list of photos' results, each given with the photo's id, which earlier runs may not have known."""
    results: list[dict[str, Any]] = []
    for number, answer in answers:
        results += [{**result, "image_id": number} for result in json.loads(answer)]
    return ("[\n" + ",\n".join(json.dumps(result) for result in results) + "\n]\n").encode()


def _number(place: Path) -> int | None:
    found = re.search(rf"[0-9]{{1,{MAX_DIGITS}}}$", place.stem)
    return int(found[0]) if found and not re.search(rf"[0-9]{{{MAX_DIGITS + 1}}}$", place.stem) else None
