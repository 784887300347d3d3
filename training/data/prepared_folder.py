"""Prepared folder: a data set on disk in the form that training reads.

It is plain files, so that anybody can look at it or write one::

    dataset.json        {"name", "licence", "source"}
    labels.toml         the label set (docs/label-sets.md); LIP's where the file is missing
    train.txt, val.txt  one sample name per line
    images/NAME.jpg     the photo's own bytes (any type that OpenCV reads)
    labels/NAME.png     8-bit grey, pixel value = label id, 255 = unknown
    joints/NAME.json    {"joints": [[x, y, visibility] | null | "absent", …], "pixels": {label id: count}}
"""

import json
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from training.data.dataset_info import read_dataset_info
from training.data.name_list import read_names
from training.data.sample import ABSENT, BrokenSampleError, DatasetInfo, FloatArray, Sample, read_image, read_label_map
from training.data.sample_check import joint_fault, label_fault, size_fault
from training.labels.label_set import LabelSet, read_label_set
from training.labels.lip import LIP

STORED_ABSENT = "absent"
"""A joint in a folder's file that is known not to be in the picture."""


class PreparedFolder:
    """A prepared data set on disk. Reading returns ``Sample``; each sample is written atomically."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def info(self) -> DatasetInfo:
        """Name, licence and source. Raises FileNotFoundError where the folder was not prepared, and InputError."""
        path = self.root / "dataset.json"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: make the folder with `python -m training.prepare`")
        return read_dataset_info(path)

    @cached_property
    def label_set(self) -> LabelSet:
        """What the pixel values and the joints mean. Raises LabelSetError."""
        path = self.root / "labels.toml"
        return read_label_set(path) if path.exists() else LIP

    def names(self, split: str) -> list[str]:
        """Sample names of a split (``train`` or ``val``). Raises FileNotFoundError where there is none."""
        path = self.root / f"{split}.txt"
        if not path.exists():
            what = "there is no such folder" if not self.root.is_dir() else f"{split}.txt is missing"
            raise FileNotFoundError(
                f"{self.root} is no prepared folder with a split “{split}”: {what}. Make one with `python -m "
                "training.prepare`, or write it by hand (docs/train-your-own-labels.md)"
            )
        return read_names(path)

    def pixel_counts(self, name: str) -> dict[int, int]:
        """Label id → number of pixels in that sample. Raises BrokenSampleError."""
        record = self._record(name)
        try:
            return {int(label): int(count) for label, count in record["pixels"].items()}
        except (KeyError, AttributeError, TypeError, ValueError):
            raise BrokenSampleError(f'{self._joints_path(name)}: "pixels" is not {{label id: count}}') from None

    def read(self, name: str) -> Sample:
        """Load one sample.

        Raises BrokenSampleError when a file is missing, cut off or no such file, when sizes disagree, and for label ids
        or numbers of joints that the label set does not have.
        """
        sample = self.read_unchecked(name, self.info.licence)
        labels, label_set = sample.labels, self.label_set
        fault = size_fault(sample.image, labels) or label_fault(labels, label_set)
        if fault := fault or joint_fault(sample.joints, label_set):
            raise BrokenSampleError(f"{self.root}, {name}: {fault}")
        return sample

    def read_unchecked(self, name: str, licence: str) -> Sample:
        """Load one sample, whatever its label map and joints hold. Raises BrokenSampleError for a file that is none."""
        image = read_image(self.photo(name))
        labels = read_label_map(self._labels_path(name))
        record = self._record(name)
        try:
            joints = np.array([_read_joint(joint) for joint in record["joints"]], np.float32).reshape(-1, 3)
        except (KeyError, TypeError, ValueError):
            raise BrokenSampleError(
                f'{self._joints_path(name)}: "joints" is not a list of [x, y, visibility], null or "absent"'
            ) from None
        return Sample(name, image, labels, joints, licence)

    def weighted(self, factors: npt.NDArray[np.float64], names: list[str]) -> npt.NDArray[np.float64]:
        """Draw factors (N,) of the named samples, weighted by the folder's share; a single folder has none."""
        return factors

    def has(self, name: str) -> bool:
        """Whether the sample was written completely."""
        return self._joints_path(name).exists()

    def write(self, sample: Sample, photo: Path) -> None:
        """Store a sample; the photo's file is copied unchanged. The joints file is written last: with it the sample is
        complete.
        """
        for folder in ("images", "labels", "joints"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, self.photo(sample.name))
        cv2.imwrite(str(self._labels_path(sample.name)), sample.labels)
        ids, counts = np.unique(sample.labels, return_counts=True)
        record = {
            "joints": [_stored_joint(joint) for joint in sample.joints],
            "pixels": {str(label): int(count) for label, count in zip(ids, counts, strict=True)},
        }
        unfinished = self._joints_path(sample.name).with_suffix(".part")
        unfinished.write_text(json.dumps(record))
        unfinished.rename(self._joints_path(sample.name))

    def write_index(self, info: DatasetInfo, splits: dict[str, list[str]], label_set: LabelSet = LIP) -> None:
        """Store the description, the label set and the split files."""
        for split, names in splits.items():
            (self.root / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
        record = {"name": info.name, "licence": info.licence, "source": info.source}
        (self.root / "labels.toml").write_text(label_set.to_toml())
        (self.root / "dataset.json").write_text(json.dumps(record, indent=1) + "\n")

    def photo(self, name: str) -> Path:
        """Path of a sample's photo."""
        return self.root / "images" / f"{name}.jpg"

    def _record(self, name: str) -> dict[str, Any]:
        """The content of a sample's joints file. Raises BrokenSampleError."""
        path = self._joints_path(name)
        try:
            record: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise BrokenSampleError(f"{path}: missing, or not a JSON file ({error})") from None
        return record

    def _labels_path(self, name: str) -> Path:
        return self.root / "labels" / f"{name}.png"

    def _joints_path(self, name: str) -> Path:
        return self.root / "joints" / f"{name}.json"


def _stored_joint(joint: FloatArray) -> list[float] | str | None:
    if np.isnan(joint[0]):
        return STORED_ABSENT if joint[2] == ABSENT else None
    return [round(float(value), 2) for value in joint]


def _read_joint(stored: list[float] | str | None) -> list[float]:
    if stored is None:
        return [np.nan] * 3
    return [np.nan, np.nan, ABSENT] if isinstance(stored, str) else stored
