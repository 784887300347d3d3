"""What the adapters of corrected masks share: a folder's label set, the names of its samples, and drawing of shapes.

In the folder may be ``labels.toml`` (docs/label-sets.md), without which labels are LIP's, and ``dataset.json``, which
says whose the photos are ({"name", "licence", "source"}). Joints are not marked.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from training.data.dataset_info import read_dataset_info
from training.data.hash_split import hash_share
from training.data.sample import BrokenSampleError, DatasetInfo, Sample, UInt8Array, no_joints, read_image
from training.errors.input_error import InputError
from training.labels.label_set import IGNORE, LabelSet, read_label_set
from training.labels.lip import LIP

VAL_SHARE: Final = 0.1
"""Of the samples, chosen by a hash of their names."""
UNKNOWN_LABELS: Final = frozenset({"__ignore__", "unknown"})
"""Labels of pixels whose label is not known; LabelMe has the first for it."""

Fill = Callable[[UInt8Array, int], None]
"""Gives the pixels of a shape a value, in a label map (H, W)."""


class Shape(NamedTuple):
    """A labelled shape of a photo."""

    label: str
    fill: Fill


class Correction(NamedTuple):
    """A photo, and its shapes from the lowest to the one on top."""

    photo: Path
    size: tuple[int, int]
    """Height and width that the shapes were drawn for."""
    shapes: tuple[Shape, ...]


class CorrectedFolder:
    """Photos with shapes as samples: the adapter of both formats. ``corrections`` are found by their photos' places."""

    def __init__(self, root: Path, name: str, corrections: Mapping[str, Callable[[], Correction]]) -> None:
        self._corrections = {_sample_name(place): read for place, read in corrections.items()}
        if len(self._corrections) < len(corrections):
            raise InputError(f"{root}: photos differ in blanks and slashes of their names alone; rename them")
        labels, info = root / "labels.toml", root / "dataset.json"
        self.label_set: LabelSet = read_label_set(labels) if labels.exists() else LIP
        self.info = (
            read_dataset_info(info)
            if info.exists()
            else DatasetInfo(name=root.resolve().name, licence="not stated", source=f"corrected in {name}")
        )

    def splits(self) -> dict[str, list[str]]:
        """Sample names by split."""
        names = sorted(self._corrections)
        val = {name for name in names if hash_share(name) < VAL_SHARE}
        return {"train": [name for name in names if name not in val], "val": [name for name in names if name in val]}

    def photo(self, name: str) -> Path:
        """Path of a photo."""
        return self._corrections[name]().photo

    def read(self, name: str) -> Sample:
        """One photo with its corrected labels. Raises BrokenSampleError."""
        correction = self._corrections[name]()
        image = read_image(correction.photo)
        if image.shape[:2] != correction.size:
            raise BrokenSampleError(
                f"{name}: photo {image.shape[:2]} and the picture that was corrected, {correction.size}, differ in size"
            )
        labels = np.zeros(correction.size, np.uint8)
        for shape in correction.shapes:
            shape.fill(labels, self._value(name, shape.label))
        joints = no_joints(len(self.label_set.joints))
        return Sample(name, image, labels, joints, self.info.licence)

    def _value(self, name: str, label: str) -> int:
        if label in UNKNOWN_LABELS:
            return IGNORE
        if label not in self.label_set.label_id:
            raise BrokenSampleError(
                f"{name}: the label “{label}” is none of {self.label_set.name}'s ({', '.join(self.label_set.colors)})"
            )
        return self.label_set.label_id[label]


def polygon(points: Iterable[Iterable[float]]) -> Fill:
    """Fills a polygon of corners x, y, its outline included, as both programs and the service's export do."""
    corners = np.array([list(point) for point in points], np.float64).reshape(-1, 2)

    def fill(labels: UInt8Array, value: int) -> None:
        cv2.fillPoly(labels, [np.rint(corners).astype(np.int32)], value)

    return fill


def box(left: float, top: float, right: float, bottom: float) -> Fill:
    """Fills a rectangle, its outline included."""
    return polygon([(left, top), (right, top), (right, bottom), (left, bottom)])


def bitmap(pixels: npt.NDArray[np.bool_], left: int, top: int) -> Fill:
    """Fills the set pixels (h, w) of a mask whose top-left corner is at ``left``, ``top``; what is outside is cut."""

    def fill(labels: UInt8Array, value: int) -> None:
        height, width = labels.shape
        x, y = max(0, -left), max(0, -top)
        part = pixels[y : max(0, height - top), x : max(0, width - left)]
        target = labels[top + y : top + y + part.shape[0], left + x : left + x + part.shape[1]]
        target[part] = value

    return fill


def _sample_name(place: str) -> str:
    """A name without slashes, which would be folders, and without blanks, which its list would strip at the ends."""
    return re.sub(r"\s", "_", place.replace("/", "__"))
