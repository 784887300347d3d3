"""Samplers: which samples an epoch draws in which order, and with which random seeds."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

from training.data.prepared_folder import PreparedFolder
from training.data.training_dataset import SampleDraw


class SeededSampler(Sampler[SampleDraw]):
    """Draws every photo once an epoch, in random order; each process of a distributed run takes its share."""

    def __init__(self, photos: int, seed: int, rank: int, world_size: int) -> None:
        self.photos, self.seed, self.rank, self.world_size = photos, seed, rank, world_size
        self.epoch = 0

    def __len__(self) -> int:
        return self.photos // self.world_size

    def __iter__(self) -> Iterator[SampleDraw]:
        rng = np.random.default_rng((self.seed, self.epoch))
        count = len(self) * self.world_size
        photos = self.choose(self.photos, rng)  # as many for any number of processes, so that seeds are the same
        seeds = rng.integers(2**62, size=self.photos)
        for photo, seed in list(zip(photos, seeds, strict=True))[:count][self.rank :: self.world_size]:
            yield SampleDraw(int(photo), int(seed))

    def choose(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """``count`` indices of photos; the last few are left out where the processes cannot share them evenly."""
        return rng.permutation(self.photos)[:count]


class RareLabelSampler(SeededSampler):
    """Draws with replacement, each photo in proportion to its repeat factor."""

    def __init__(self, factors: npt.NDArray[np.float64], seed: int, rank: int, world_size: int) -> None:
        super().__init__(len(factors), seed, rank, world_size)
        self.chances = factors / factors.sum()

    def choose(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        return rng.choice(self.photos, count, p=self.chances)


def repeat_factors(folder: PreparedFolder, names: list[str], rare_share: float) -> npt.NDArray[np.float64]:
    """Repeat factor of each photo: ``max(1, sqrt(rare_share / share))`` of the rarest label on it.

    Gupta, Dollár, Girshick, LVIS, CVPR 2019, section 4.
    """
    count = len(folder.label_set.labels)
    present = [{label for label in folder.pixel_counts(name) if label < count} for name in names]
    labels = set().union(*present)
    share = {label: sum(label in on_photo for on_photo in present) / len(names) for label in labels}
    factor = {label: max(1.0, (rare_share / share[label]) ** 0.5) for label in labels}
    return np.array([max((factor[label] for label in on_photo), default=1.0) for on_photo in present])
