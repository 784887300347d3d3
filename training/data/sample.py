"""The sample that every data set yields, and the prepared folder it is stored in.

A prepared folder is plain files, so that anybody can look at it or write one::

    dataset.json        {"name", "licence", "source"}
    labels.toml         the label set (docs/label-sets.md); LIP's where the file is not there
    train.txt, val.txt  one sample name a line
    images/NAME.jpg     the photo's own bytes (any type that OpenCV reads)
    labels/NAME.png     8-bit grey, pixel value = label id, 255 = unknown
    joints/NAME.json    {"joints": [[x, y, visibility] | null, …], "pixels": {label id: count}}
"""

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.label_set import LabelSet, read_label_set
from training.labels import LIP

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

OCCLUDED = 0.0
"""Visibility of a joint that is marked but hidden; 1 is visible."""

ABSENT = -1.0
"""Visibility of a joint that is known not to be in the picture; its x and y are nan."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One annotated photo.

    ``image``: uint8 (H, W, 3), RGB, upright. ``labels``: uint8 (H, W), label ids, 255 = unknown.
    ``joints``: float32 (J, 3): x, y in pixels (the centre of the top-left pixel is 0, 0) and visibility
    (1 visible, 0 occluded); a row of nan is a joint that nobody marked. Augmentation, which knows what it cut off,
    makes joints ``ABSENT``; folders do not store them.
    """

    name: str
    image: UInt8Array
    labels: UInt8Array
    joints: FloatArray
    licence: str


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Where samples come from and under which terms."""

    name: str
    licence: str
    source: str


class BrokenSampleError(Exception):
    """A sample that cannot be used, with the reason."""


def read_image(path: Path) -> UInt8Array:
    """Read a photo as uint8 (H, W, 3) RGB, upright (EXIF applied). Raises BrokenSampleError."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise BrokenSampleError(f"{path}: missing, or not an image that can be read")
    return np.asarray(image, dtype=np.uint8)


def read_label_map(path: Path) -> UInt8Array:
    """A label map, uint8 (H, W), from a grey PNG or from one whose colour channels repeat each other.

    Raises BrokenSampleError for anything else: true colours would be a picture of labels, not labels.
    """
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.dtype != np.uint8:
        raise BrokenSampleError(f"{path}: missing, or not an 8-bit label map")
    if labels.ndim == 3:
        if (labels[:, :, :3] != labels[:, :, :1]).any():
            raise BrokenSampleError(f"{path}: in colour; a label map is grey")
        labels = labels[:, :, 0]
    return np.asarray(labels, np.uint8)


class PreparedFolder:
    """A prepared data set on disk. Reading gives ``Sample``; writing is atomic a sample at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def info(self) -> DatasetInfo:
        """What the folder holds. Raises FileNotFoundError with what to do when it was never prepared."""
        path = self.root / "dataset.json"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: make the folder with `python -m training.prepare`")
        return DatasetInfo(**json.loads(path.read_text()))

    @cached_property
    def label_set(self) -> LabelSet:
        """What the pixel values and the joints mean. Raises LabelSetError."""
        path = self.root / "labels.toml"
        return read_label_set(path) if path.exists() else LIP

    def names(self, split: str) -> list[str]:
        """Sample names of a split (``train`` or ``val``)."""
        return (self.root / f"{split}.txt").read_text().split()

    def pixel_counts(self, name: str) -> dict[int, int]:
        """Label id → number of pixels in that sample."""
        record = json.loads(self._joints_path(name).read_text())
        return {int(label): count for label, count in record["pixels"].items()}

    def read(self, name: str) -> Sample:
        """Load one sample. Raises BrokenSampleError when a file is missing or the sizes disagree."""
        image = read_image(self.photo(name))
        labels = read_label_map(self._labels_path(name))
        if image.shape[:2] != labels.shape:
            raise BrokenSampleError(f"{name}: photo {image.shape[:2]} and label map {labels.shape} differ in size")
        record = json.loads(self._joints_path(name).read_text())
        joints = [[np.nan] * 3 if joint is None else joint for joint in record["joints"]]
        return Sample(name, image, labels, np.asarray(joints, np.float32), self.info.licence)

    def weighted(self, factors: npt.NDArray[np.float64], names: list[str]) -> npt.NDArray[np.float64]:
        """Draw factors (N,) of the named samples with the folder's own say in them; one folder has none."""
        return factors

    def has(self, name: str) -> bool:
        """Whether the sample was written in full."""
        return self._joints_path(name).exists()

    def write(self, sample: Sample, photo: Path) -> None:
        """Store a sample; the photo's file is copied as it is. The joints file comes last and marks it whole."""
        for folder in ("images", "labels", "joints"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, self.photo(sample.name))
        cv2.imwrite(str(self._labels_path(sample.name)), sample.labels)
        ids, counts = np.unique(sample.labels, return_counts=True)
        record = {
            "joints": [None if np.isnan(x) else [round(float(v), 2) for v in (x, y, s)] for x, y, s in sample.joints],
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

    def _labels_path(self, name: str) -> Path:
        return self.root / "labels" / f"{name}.png"

    def _joints_path(self, name: str) -> Path:
        return self.root / "joints" / f"{name}.json"


def no_joints(count: int = len(LIP.joints)) -> FloatArray:
    """Joints of a sample on which nobody marked any: (count, 3) of nan."""
    return np.full((count, 3), np.nan, np.float32)
