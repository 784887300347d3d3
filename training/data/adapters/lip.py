"""Adapter for Look into Person (LIP), in the folders of its published archives::

    TrainVal_images/               train_id.txt, val_id.txt, train_images/NAME.jpg, val_images/NAME.jpg
    TrainVal_parsing_annotations/  train_segmentations/NAME.png, val_segmentations/NAME.png
    TrainVal_pose_annotations/     lip_train_set.csv, lip_val_set.csv

Gong et al., CVPR 2017; Liang et al., T-PAMI 2018. Some archives hold a folder of their own name; both depths are found,
as are the inner folders directly in the root. ``Train_parsing_reversed_labels`` is not needed: mirrored labels follow
from the mirror pairs.
"""

import csv
from functools import cached_property
from pathlib import Path

import numpy as np

from training.data.name_list import read_names
from training.data.sample import BrokenSampleError, DatasetInfo, FloatArray, Sample, read_image, read_label_map
from training.labels.lip import LIP

INFO = DatasetInfo(
    name="Look into Person (LIP)",
    licence="published for research, without a licence text; the photographs are crops from COCO",
    source="https://github.com/Engineering-Course/LIP_JPPNet",
)

SPLITS = ("train", "val")

ARCHIVES = {
    "{split}_id.txt": "TrainVal_images",
    "{split}_images": "TrainVal_images",
    "{split}_segmentations": "TrainVal_parsing_annotations",
    "lip_{split}_set.csv": "TrainVal_pose_annotations",
}
"""File or folder of a split → the archive that it comes in."""


class LookIntoPerson:
    """Reads LIP's training and validation photos. Raises FileNotFoundError naming all that is missing in ``root``."""

    info = INFO
    label_set = LIP

    def __init__(self, root: Path) -> None:
        self.root = root
        missing = [
            f"  {item.format(split=split)} (archive {archive})"
            for item, archive in ARCHIVES.items()
            for split in SPLITS
            if not self._find(item, split).exists()
        ]
        if missing:
            raise FileNotFoundError("\n".join([f"{root} lacks parts of LIP:", *missing]))

    def splits(self) -> dict[str, list[str]]:
        """Photo names by split, in the order of LIP's lists."""
        return {split: read_names(self._find("{split}_id.txt", split)) for split in SPLITS}

    def photo(self, name: str) -> Path:
        """Path of a photo."""
        return self._find("{split}_images", self._split_of[name]) / f"{name}.jpg"

    def read(self, name: str) -> Sample:
        """One annotated photo. Raises BrokenSampleError."""
        image = read_image(self.photo(name))
        labels = read_label_map(self._find("{split}_segmentations", self._split_of[name]) / f"{name}.png")
        if labels.shape != image.shape[:2]:
            raise BrokenSampleError(f"{name}: photo {image.shape[:2]} and labels {labels.shape} differ in size")
        if name not in self._poses:
            raise BrokenSampleError(f"{name}: no row in lip_{self._split_of[name]}_set.csv")
        return Sample(name, image, labels, parse_joints(name, self._poses[name]), INFO.licence)

    def _find(self, item: str, split: str) -> Path:
        """Where a file or folder of a split is; where it should be when it is nowhere."""
        name, archive = item.format(split=split), ARCHIVES[item]
        places = [self.root / archive / name, self.root / archive / archive / name, self.root / name]
        return next((place for place in places if place.exists()), places[0])

    @cached_property
    def _split_of(self) -> dict[str, str]:
        return {name: split for split, names in self.splits().items() for name in names}

    @cached_property
    def _poses(self) -> dict[str, list[str]]:
        """Photo name → its row's 48 fields."""
        poses = {}
        for split in SPLITS:
            with self._find("lip_{split}_set.csv", split).open(newline="") as file:
                poses.update({Path(row[0]).stem: row[1:] for row in csv.reader(file) if row})
        return poses


def parse_joints(name: str, fields: list[str]) -> FloatArray:
    """48 fields of LIP's CSV (x, y, v for 16 joints) → (16, 3) as in ``Sample``. Raises BrokenSampleError.

    LIP's v is 0 for visible and 1 for occluded; an unmarked joint is nan throughout.
    """
    try:
        joints = np.array(fields, np.float32).reshape(len(LIP.joints), 3)
    except ValueError:
        raise BrokenSampleError(f"{name}: its pose is not {3 * len(LIP.joints)} numbers: {','.join(fields)}") from None
    marked = ~np.isnan(joints).any(1)
    joints[~marked] = np.nan
    if not np.isin(joints[marked, 2], (0, 1)).all():
        raise BrokenSampleError(f"{name}: visibility must be 0, 1 or nan: {','.join(fields)}")
    joints[:, 2] = 1.0 - joints[:, 2]
    return joints
