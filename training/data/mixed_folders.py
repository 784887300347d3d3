"""Mixed folders: several prepared folders read as one, each with its share of the draws."""

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.prepared_folder import PreparedFolder
from training.data.sample import DatasetInfo, Sample
from training.errors.input_error import InputError
from training.labels.label_set import LabelSet


def open_data(roots: list[Path], shares: tuple[float, ...]) -> PreparedFolder:
    """One prepared folder, or several mixed. Raises InputError when they do not match the shares."""
    if len(roots) == 1 and not shares:
        return PreparedFolder(roots[0])
    return MixedFolders([PreparedFolder(root) for root in roots], shares)


class MixedFolders(PreparedFolder):
    """All training samples of several folders; validation samples are the first folder's.

    A sample's name is ``K/NAME``: the index of its folder, and its name there. ``shares``: each folder's share of the
    draws; without them all samples are equally likely. Raises InputError when folders and shares do not match, or when
    the folders have different label sets.
    """

    def __init__(self, folders: list[PreparedFolder], shares: tuple[float, ...] = ()) -> None:
        if shares and len(shares) != len(folders):
            raise InputError(f"the recipe mixes {len(shares)} folders (sampling.shares), --data names {len(folders)}")
        if len({folder.label_set.name for folder in folders}) > 1:
            raise InputError("folders of several label sets cannot be mixed")
        if len({tuple(folder.label_set.coarse.items()) for folder in folders if folder.label_set.coarse}) > 1:
            raise InputError("folders whose label sets have other coarse labels than each other cannot be mixed")
        super().__init__(folders[0].root)
        self.folders, self.shares = folders, shares

    @cached_property
    def label_set(self) -> LabelSet:
        """The folders' label set; one with coarse labels where another folder was prepared before there were any."""
        return next((folder.label_set for folder in self.folders if folder.label_set.coarse), self.folders[0].label_set)

    @cached_property
    def info(self) -> DatasetInfo:
        """All folders' names, licences and sources."""
        infos = [folder.info for folder in self.folders]
        fields = ("name", "licence", "source")
        return DatasetInfo(*("; ".join(dict.fromkeys(getattr(info, field) for info in infos)) for field in fields))

    def names(self, split: str) -> list[str]:
        """Names of a split's samples."""
        parts = self.folders if split == "train" else self.folders[:1]
        return [f"{place}/{name}" for place, folder in enumerate(parts) for name in folder.names(split)]

    def pixel_counts(self, name: str) -> dict[int, int]:
        folder, own = self._find(name)
        return folder.pixel_counts(own)

    def read(self, name: str) -> Sample:
        folder, own = self._find(name)
        return folder.read(own)

    def weighted(self, factors: npt.NDArray[np.float64], names: list[str]) -> npt.NDArray[np.float64]:
        """Draw factors (N,) of the named samples, scaled so that each folder's sum is its share."""
        if not self.shares:
            return factors
        places = np.array([int(name.partition("/")[0]) for name in names])
        sums = np.bincount(places, factors, minlength=len(self.folders))
        if not sums.all():
            empty = ", ".join(str(f.root) for f, total in zip(self.folders, sums, strict=True) if not total)
            raise InputError(f"nothing to train on in {empty}")
        return np.asarray(factors * (np.array(self.shares) / sums)[places], np.float64)

    def _find(self, name: str) -> tuple[PreparedFolder, str]:
        place, _, own = name.partition("/")
        return self.folders[int(place)], own
