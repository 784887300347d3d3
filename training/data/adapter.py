"""Data set adapter: what a data set offers so that it can be prepared."""

from pathlib import Path
from typing import Protocol

from training.data.sample import DatasetInfo, Sample
from training.labels.label_set import LabelSet


class Adapter(Protocol):
    """What a data set must offer to be prepared."""

    info: DatasetInfo
    label_set: LabelSet

    def splits(self) -> dict[str, list[str]]: ...
    def photo(self, name: str) -> Path: ...
    def read(self, name: str) -> Sample: ...
