"""Network family: all that training needs to know of a kind of network, in one record.

A new family is a folder with such a record, and one line in ``networks/registry.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch

from training.data.prepared_folder import PreparedFolder
from training.data.sample import Sample
from training.data.sampler import SeededSampler
from training.data.training_dataset import DrawOther, TrainingExample
from training.labels.label_set import LabelSet
from training.networks.network import Network
from training.networks.objective import Objective
from training.networks.recipe import Recipe

R = TypeVar("R", bound=Recipe)
R_contra = TypeVar("R_contra", bound=Recipe, contravariant=True)


class MakeExample(Protocol[R_contra]):
    """Makes a random training example of a sample; ``draw_other`` gives other samples of the split."""

    def __call__(
        self, sample: Sample, recipe: R_contra, label_set: LabelSet, rng: np.random.Generator, draw_other: DrawOther, /
    ) -> TrainingExample: ...


class BuildSampler(Protocol[R_contra]):
    """Builds the sampler of the named samples of a folder, for one process of a distributed run."""

    def __call__(
        self, recipe: R_contra, folder: PreparedFolder, names: list[str], rank: int, world_size: int, /
    ) -> SeededSampler: ...


def seeded_sampler(recipe: Recipe, _: PreparedFolder, names: list[str], rank: int, world_size: int) -> SeededSampler:
    """All samples alike, in another order each epoch."""
    return SeededSampler(len(names), recipe.schedule.seed, rank, world_size)


@dataclass(frozen=True, slots=True)
class NetworkFamily(Generic[R]):
    """A family's recipe form and what is built from it. Optimizer and learning rate come from ``recipe.schedule``."""

    networks: tuple[str, ...]
    """Values of ``network.name`` in a recipe that belong to this family."""
    recipe: type[R]
    build_network: Callable[[R, LabelSet], Network]
    """The network with random weights."""
    build_objective: Callable[[Network, R, LabelSet, torch.dtype], Objective]
    """The loss around a network that runs in the given precision."""
    make_example: MakeExample[R]
    build_sampler: BuildSampler[R] = seeded_sampler
    has_pose: bool = True
    """Whether its networks predict a label set's joints; otherwise they are for parsing alone."""
