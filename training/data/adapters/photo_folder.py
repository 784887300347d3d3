"""Adapter for a folder of photos without labels, with a ``dataset.json`` that says where they come from::

{"name": "street photos", "licence": "CC-BY-4.0", "source": "https://…"}
"""

from functools import cached_property
from pathlib import Path

from training.data.dataset_info import read_dataset_info
from training.data.photos import find_photos
from training.data.sample import UInt8Array
from training.data.unlabelled import Pose
from training.errors.input_error import InputError


class PhotoFolder:
    """All photos of a folder. Raises FileNotFoundError without a ``dataset.json``, and InputError."""

    label_set = None

    def __init__(self, root: Path) -> None:
        self.root = root
        path = root / "dataset.json"
        if not path.exists():
            raise FileNotFoundError(
                f'{path} is missing: write there where these photos come from, {{"name": …, "licence": …, "source": …}}'
            )
        self.info = read_dataset_info(path)

    def unlabelled(self) -> list[str]:
        """All photos' names. Raises ValueError where two photos have one name."""
        return list(self._photos)

    def photo(self, name: str) -> Path:
        return self._photos[name]

    def pose(self, name: str, labels: UInt8Array) -> Pose | None:
        """None: the poses are not known."""
        return None

    @cached_property
    def _photos(self) -> dict[str, Path]:
        photos = {photo.stem: photo for photo in find_photos([self.root])}
        if not photos:
            raise InputError(f"{self.root} holds no photos: they must lie in the folder itself, not deeper")
        return photos
