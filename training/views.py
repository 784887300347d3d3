"""Augmented views of a prepared folder as a PyTorch data set, drawn so that a run can be repeated and resumed."""

from collections.abc import Iterator
from typing import NamedTuple, assert_never

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from training.company import add_company
from training.data.sample import PreparedFolder, Sample
from training.distance import seen_from_afar
from training.jppnet_views import jppnet_view
from training.label_set import IGNORE, LabelSet
from training.networks.lite import LiteNetwork
from training.recipe import JPPNetRecipe, LiteRecipe, Recipe
from training.transforms import augment, heat_maps, mirror


class Views(NamedTuple):
    """A batch: images (N, 3, H, W) RGB, uint8 or float32; labels int64 (N, h, w), on the grid that the loss wants; maps
    (N, J, h, w) on the network's, empty for a joint that is not in the view; weights (N, J), 0 for a joint of which
    nothing is known."""

    images: Tensor
    labels: Tensor
    maps: Tensor
    weights: Tensor


class Draw(NamedTuple):
    """One random view to make: which photo (its place in the split), and the seed of everything random about it."""

    photo: int
    seed: int


def lite_view(sample: Sample, recipe: LiteRecipe, label_set: LabelSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """The light network's view: image uint8 (3, H, W), labels at half its size, maps and weights."""
    height, width = recipe.network.height, recipe.network.width
    image, labels, joints = augment(sample, recipe.augmentation, height, width, label_set, rng)
    maps, weights = heat_maps(joints, height, width, LiteNetwork.stride, recipe.loss.sigma)
    return (
        torch.from_numpy(image).permute(2, 0, 1),
        torch.from_numpy(labels).long(),
        torch.from_numpy(maps),
        torch.from_numpy(weights),
    )


def make_view(sample: Sample, recipe: Recipe, label_set: LabelSet, rng: np.random.Generator) -> Views:
    """One random view of a sample as the recipe wants it, without the batch axis."""
    match recipe:
        case LiteRecipe():
            return Views(*lite_view(sample, recipe, label_set, rng))
        case JPPNetRecipe():
            return Views(*jppnet_view(sample, recipe, label_set, rng))
        case _:
            assert_never(recipe)


class TrainingViews(Dataset[Views]):
    """Augmented views of a split. The same ``Draw`` always gives the same view, in whichever process."""

    def __init__(self, folder: PreparedFolder, names: list[str], recipe: Recipe) -> None:
        self.folder, self.names, self.recipe = folder, names, recipe

    def __getitem__(self, draw: Draw) -> Views:
        rng = np.random.default_rng((draw.seed, draw.photo))
        sample = self.folder.read(self.names[draw.photo])
        if isinstance(self.recipe, LiteRecipe):
            how = self.recipe.augmentation
            if rng.random() < how.company:
                sample = add_company(sample, self.somebody_else(rng), rng)
            elif how.distance and rng.random() < how.distance:  # recipes without it draw what they always drew
                sample = seen_from_afar(sample, self.somebody_else(rng), rng)
        return make_view(sample, self.recipe, self.folder.label_set, rng)

    def somebody_else(self, rng: np.random.Generator) -> Sample:
        """Any photo of the split, mirrored or not."""
        other = self.folder.read(self.names[rng.integers(len(self.names))])
        return mirror(other, self.folder.label_set) if rng.random() < 0.5 else other


class SeededSampler(Sampler[Draw]):
    """An epoch's draws; every rank of a distributed run takes its share of the same ones."""

    def __init__(self, photos: int, seed: int, rank: int, ranks: int) -> None:
        self.photos, self.seed, self.rank, self.ranks = photos, seed, rank, ranks
        self.epoch = 0

    def __len__(self) -> int:
        return self.photos // self.ranks

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng((self.seed, self.epoch))
        count = len(self) * self.ranks
        photos = self.choose(count, rng)
        seeds = rng.integers(2**62, size=count)
        for photo, seed in list(zip(photos, seeds, strict=True))[self.rank :: self.ranks]:
            yield Draw(int(photo), int(seed))

    def choose(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Every photo once, in random order; when ranks do not share them evenly, a few not at all."""
        return rng.permutation(self.photos)[:count]


class RareLabelSampler(SeededSampler):
    """Draws with replacement by repeat factor."""

    def __init__(self, factors: npt.NDArray[np.float64], seed: int, rank: int, ranks: int) -> None:
        super().__init__(len(factors), seed, rank, ranks)
        self.chances = factors / factors.sum()

    def choose(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        return rng.choice(self.photos, count, p=self.chances)


def build_sampler(recipe: Recipe, folder: PreparedFolder, names: list[str], rank: int, ranks: int) -> SeededSampler:
    """What the recipe wants drawn of the named photos."""
    seed = recipe.schedule.seed
    match recipe:
        case LiteRecipe():
            factors = repeat_factors(folder, names, recipe.sampling.rare_share)
            return RareLabelSampler(folder.weighted(factors, names), seed, rank, ranks)
        case JPPNetRecipe():
            return SeededSampler(len(names), seed, rank, ranks)
        case _:
            assert_never(recipe)


def repeat_factors(folder: PreparedFolder, names: list[str], rare_share: float) -> npt.NDArray[np.float64]:
    """How often to draw each photo: ``max(1, sqrt(rare_share / share))`` of the rarest label on it (LVIS, 2019)."""
    present = [{label for label in folder.pixel_counts(name) if label != IGNORE} for name in names]
    labels = set().union(*present)
    share = {label: sum(label in on_photo for on_photo in present) / len(names) for label in labels}
    factor = {label: max(1.0, (rare_share / share[label]) ** 0.5) for label in labels}
    return np.array([max((factor[label] for label in on_photo), default=1.0) for on_photo in present])
