"""Data set adapter: what a data set offers so that it can be prepared."""

from pathlib import Path
from typing import Protocol

from training.data.sample import DatasetInfo, Sample
from training.labels.label_set import LabelSet


class Adapter(Protocol):
    """Reads a published data set: its splits, and its photos as samples."""

    info: DatasetInfo
    label_set: LabelSet

    def splits(self) -> dict[str, list[str]]:
        """Sample names by split, ``train`` and ``val``."""

    def photo(self, name: str) -> Path:
        """Path of a sample's photo."""

    def read(self, name: str) -> Sample:
        """One annotated photo. Raises BrokenSampleError."""
