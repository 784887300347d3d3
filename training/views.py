"""Augmented views of a prepared folder as a PyTorch data set, drawn so that a run can be repeated and resumed."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from training.data.sample import PreparedFolder
from training.labels import IGNORE
from training.recipe import Recipe
from training.transforms import augment, heat_maps

STRIDE = 4
"""Input pixels a cell of the light network's grid."""


class Views(NamedTuple):
    """A batch: images uint8 (N, 3, H, W) RGB; labels int64 (N, H/2, W/2); maps (N, J, H/4, W/4); weights (N, J)."""

    images: Tensor
    labels: Tensor
    maps: Tensor
    weights: Tensor


class Draw(NamedTuple):
    """One random view to make: which photo (its place in the split), and the seed of everything random about it."""

    photo: int
    seed: int


class TrainingViews(Dataset[Views]):
    """Augmented views of a split. The same ``Draw`` always gives the same view, in whichever process."""

    def __init__(self, folder: PreparedFolder, names: list[str], recipe: Recipe) -> None:
        self.folder, self.names, self.recipe = folder, names, recipe

    def __getitem__(self, draw: Draw) -> Views:
        network, recipe = self.recipe.network, self.recipe
        rng = np.random.default_rng((draw.seed, draw.photo))
        sample = self.folder.read(self.names[draw.photo])
        image, labels, joints = augment(sample, recipe.augmentation, network.height, network.width, rng)
        maps, weights = heat_maps(joints, network.height, network.width, STRIDE, recipe.loss.sigma)
        return Views(
            torch.from_numpy(image).permute(2, 0, 1),
            torch.from_numpy(labels).long(),
            torch.from_numpy(maps),
            torch.from_numpy(weights),
        )


class RareLabelSampler(Sampler[Draw]):
    """Draws with replacement by repeat factor; every rank of a distributed run takes its share of the same draws."""

    def __init__(self, factors: npt.NDArray[np.float64], seed: int, rank: int, ranks: int) -> None:
        self.chances = factors / factors.sum()
        self.seed, self.rank, self.ranks = seed, rank, ranks
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.chances) // self.ranks

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng((self.seed, self.epoch))
        count = len(self) * self.ranks
        photos = rng.choice(len(self.chances), count, p=self.chances)
        seeds = rng.integers(2**62, size=count)
        for photo, seed in list(zip(photos, seeds, strict=True))[self.rank :: self.ranks]:
            yield Draw(int(photo), int(seed))


def repeat_factors(folder: PreparedFolder, names: list[str], rare_share: float) -> npt.NDArray[np.float64]:
    """How often to draw each photo: ``max(1, sqrt(rare_share / share))`` of the rarest label on it (LVIS, 2019)."""
    present = [{label for label in folder.pixel_counts(name) if label != IGNORE} for name in names]
    labels = set().union(*present)
    share = {label: sum(label in on_photo for on_photo in present) / len(names) for label in labels}
    factor = {label: max(1.0, (rare_share / share[label]) ** 0.5) for label in labels}
    return np.array([max((factor[label] for label in on_photo), default=1.0) for on_photo in present])
