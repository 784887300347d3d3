"""Adapter for LIP's test photos, whose labels and joints only its test server knows::

    Testing_images/   test_id.txt (where it comes with them), testing_images/NAME.jpg

The prepared folder has a split ``test``, in which every label and every joint is unknown.
"""

from pathlib import Path

import numpy as np

from training.data.adapters.lip import INFO
from training.data.name_list import read_names
from training.data.sample import Sample, no_joints, read_image
from training.labels.label_set import IGNORE
from training.labels.lip import LIP

ARCHIVE = "Testing_images"


class LookIntoPersonTest:
    """Reads LIP's test photos. Raises FileNotFoundError where they are not in ``root``."""

    info = INFO
    label_set = LIP

    def __init__(self, root: Path) -> None:
        places = [root / ARCHIVE, root / ARCHIVE / ARCHIVE, root]  # some archives hold a folder of their own name
        self.archive = next((place for place in places if (place / "testing_images").is_dir()), places[0])
        if not (self.archive / "testing_images").is_dir():
            raise FileNotFoundError(f"{root} lacks LIP's test photos: testing_images (archive {ARCHIVE})")

    def splits(self) -> dict[str, list[str]]:
        """The names of ``test_id.txt``; without that file, of all photos."""
        listed = self.archive / "test_id.txt"
        photos = (self.archive / "testing_images").glob("*.jpg")
        return {"test": read_names(listed) if listed.exists() else sorted(path.stem for path in photos)}

    def photo(self, name: str) -> Path:
        """Path of a photo."""
        return self.archive / "testing_images" / f"{name}.jpg"

    def read(self, name: str) -> Sample:
        """One photo of which nothing is known. Raises BrokenSampleError."""
        image = read_image(self.photo(name))
        return Sample(name, image, np.full(image.shape[:2], IGNORE, np.uint8), no_joints(), INFO.licence)
