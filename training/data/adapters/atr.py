"""Adapter for ATR, in the folders in which it is distributed::

    JPEGImages/NAME.jpg
    SegmentationClassAug/NAME.png    pixel value = label id
    train_id.txt, val_id.txt         one name a line; ATR has no split of its own, so these are yours to write

Liang et al., "Deep Human Parsing with Active Template Regression", T-PAMI 2015. It has no joints. This is also the
example of an adapter for another label set: docs/label-sets.md.
"""

from pathlib import Path

from training.data.name_list import read_names
from training.data.sample import BrokenSampleError, DatasetInfo, Sample, no_joints, read_image, read_label_map
from training.labels.label_set import LABEL_SETS, read_label_set

INFO = DatasetInfo(
    name="ATR",
    licence="published for research, without a licence text",
    source="https://github.com/lemondan/HumanParsing-Dataset",
)

SPLITS = ("train", "val")


class ActiveTemplateRegression:
    """Reads ATR's photos. Raises FileNotFoundError naming all that is missing in ``root``."""

    info = INFO
    label_set = read_label_set(LABEL_SETS / "atr.toml")

    def __init__(self, root: Path) -> None:
        self.root = root
        wanted = ("JPEGImages", "SegmentationClassAug", *(f"{split}_id.txt" for split in SPLITS))
        if missing := [name for name in wanted if not (root / name).exists()]:
            raise FileNotFoundError(f"{root} lacks parts of ATR: {', '.join(missing)}")

    def splits(self) -> dict[str, list[str]]:
        """Photo names by split."""
        return {split: read_names(self.root / f"{split}_id.txt") for split in SPLITS}

    def photo(self, name: str) -> Path:
        """Path of a photo."""
        return self.root / "JPEGImages" / f"{name}.jpg"

    def read(self, name: str) -> Sample:
        """One annotated photo. Raises BrokenSampleError."""
        image = read_image(self.photo(name))
        labels = read_label_map(self.root / "SegmentationClassAug" / f"{name}.png")
        if labels.shape != image.shape[:2]:
            raise BrokenSampleError(f"{name}: photo {image.shape[:2]} and labels {labels.shape} differ in size")
        return Sample(name, image, labels, no_joints(len(self.label_set.joints)), INFO.licence)
