"""Photos in which nobody is, as a data set: all is background, and every joint is known to be absent.

A folder of photos with a ``dataset.json`` that says whose they are, as in ``photo_folder.py``.
"""

from pathlib import Path
from typing import Final

import numpy as np

from training.data.adapters.photo_folder import PhotoFolder
from training.data.hash_split import hash_share
from training.data.sample import Sample, absent_joints, read_image
from training.labels.lip import LABEL_ID, LIP

VAL_SHARE: Final = 0.2
"""Of the photos, chosen by a hash of their names."""


class NoPeople:
    """The photos of a folder. Raises FileNotFoundError where nothing says whose they are."""

    label_set = LIP

    def __init__(self, root: Path) -> None:
        self._folder = PhotoFolder(root)
        self.info = self._folder.info

    def splits(self) -> dict[str, list[str]]:
        """Photo names by split."""
        names = self._folder.unlabelled()
        val = {name for name in names if hash_share(name) < VAL_SHARE}
        return {"train": [name for name in names if name not in val], "val": [name for name in names if name in val]}

    def photo(self, name: str) -> Path:
        """Path of a photo."""
        return self._folder.photo(name)

    def read(self, name: str) -> Sample:
        """One photo. Raises BrokenSampleError."""
        image = read_image(self.photo(name))
        labels = np.full(image.shape[:2], LABEL_ID["background"], np.uint8)
        return Sample(name, image, labels, absent_joints(), self.info.licence)
