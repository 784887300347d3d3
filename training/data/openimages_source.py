"""Open Images photos of people as they are handed out: squeezed pictures, hand-drawn boxes, and each photo's aspect.

The folder holds ``photos/ID.jpg``, all squeezed to one square size; ``boxes.csv`` (photo, x, y, width, height), every
person's box drawn by hand, in pixels of the squeezed picture; and ``multipose.json``: photo → ``aspect``, the width to
height like "4:3" at which a pose network was surest, and ``people`` that it found (``score``, ``box`` and 17 COCO
``keypoints`` as x, y, score), in pixels of the squeezed picture.
"""

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from training.data.hash_split import hash_share
from training.data.sample import DatasetInfo, UInt8Array, read_image

Boxes = npt.NDArray[np.float32]
"""(N, 4): left, top, width, height in pixels."""

VAL_SHARE: Final = 0.1
"""Of the photos, chosen by a hash of their ids; whatever learns from this data learns from the others."""

INFO: Final = DatasetInfo(
    name="Open Images V7, photos of people",
    licence="photos CC BY 2.0, boxes CC BY 4.0, as Open Images states",
    source="https://storage.googleapis.com/openimages/web/index.html",
)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person that the pose network found: score (0–1), box (left, top, width, height) and 17 COCO key points
    (17, 3: x, y, score), in pixels of the restored photo."""

    score: float
    box: Boxes
    keypoints: npt.NDArray[np.float32]


class OpenImagesPeople:
    """Photos with their aspect restored, and what is known of the people in them, in the restored photo's pixels."""

    info = INFO

    def __init__(self, root: Path) -> None:
        self.root = root

    def splits(self) -> dict[str, list[str]]:
        """Photo ids by split, ``train`` and ``val``, each in order."""
        names = sorted(self._boxes)
        val = {name for name in names if hash_share(name) < VAL_SHARE}
        return {"train": [name for name in names if name not in val], "val": [name for name in names if name in val]}

    def photo(self, name: str) -> Path:
        """Path of a photo's squeezed picture."""
        return self.root / "photos" / f"{name}.jpg"

    def read_restored(self, name: str) -> UInt8Array:
        """The photo (H, W, 3), RGB, its aspect restored; it has as many pixels as the squeezed picture.

        Raises BrokenSampleError.
        """
        squeezed = read_image(self.photo(name))
        height, width = squeezed.shape[:2]
        scale_x, scale_y = self._stretch(name)
        size = (round(width * scale_x), round(height * scale_y))
        return np.asarray(cv2.resize(squeezed, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def boxes(self, name: str) -> Boxes:
        """The hand-drawn boxes of the photo's people."""
        return np.asarray(np.array(self._boxes[name], np.float32) * np.tile(self._stretch(name), 2), np.float32)

    def squeezed_boxes(self, name: str) -> Boxes:
        """The hand-drawn boxes of the photo's people, in pixels of the squeezed picture."""
        return np.array(self._boxes[name], np.float32)

    def found_people(self, name: str) -> list[FoundPerson]:
        """The people whom the pose network found in the photo."""
        stretch = np.array(self._stretch(name), np.float32)
        return [
            FoundPerson(
                score=float(person["score"]),
                box=np.asarray(np.array(person["box"], np.float32) * np.tile(stretch, 2), np.float32),
                keypoints=np.asarray(np.array(person["keypoints"], np.float32) * [*stretch, 1], np.float32),
            )
            for person in self._multipose[name]["people"]
        ]

    def _stretch(self, name: str) -> tuple[float, float]:
        """What the squeezed picture's width and height are multiplied by; their product is 1."""
        width, height = map(float, str(self._multipose[name]["aspect"]).split(":"))
        return (width / height) ** 0.5, (height / width) ** 0.5

    @cached_property
    def _boxes(self) -> dict[str, list[tuple[float, ...]]]:
        return read_boxes(self.root / "boxes.csv")

    @cached_property
    def _multipose(self) -> dict[str, dict[str, Any]]:
        content: dict[str, dict[str, Any]] = json.loads((self.root / "multipose.json").read_text())
        return content


def read_boxes(path: Path) -> dict[str, list[tuple[float, ...]]]:
    """Boxes (x, y, width, height) by photo of a CSV file with the columns photo, x, y, width, height."""
    boxes = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            boxes[row["photo"]].append(tuple(float(row[side]) for side in ("x", "y", "width", "height")))
    return dict(boxes)
