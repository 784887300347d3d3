"""The family of SCHP."""

from typing import Final, cast

import numpy as np
import torch

from training.augmentation.random_view import random_view
from training.data.prepared_folder import PreparedFolder
from training.data.sample import Sample
from training.data.sampler import SeededSampler
from training.data.training_dataset import DrawOther, TrainingExample
from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.network import Network
from training.networks.objective import Objective
from training.networks.schp.network import Schp
from training.networks.schp.objective import SchpObjective
from training.networks.schp.recipe import SchpRecipe


def _build_network(recipe: SchpRecipe, label_set: LabelSet) -> Network:
    return Schp.from_recipe(recipe.network, len(label_set.labels))


def _build_objective(network: Network, recipe: SchpRecipe, _: LabelSet, precision: torch.dtype) -> Objective:
    return SchpObjective(cast(Schp, network), precision, recipe.loss)


def _make_example(
    sample: Sample, recipe: SchpRecipe, label_set: LabelSet, rng: np.random.Generator, _: DrawOther
) -> TrainingExample:
    network = recipe.network
    return random_view(sample, recipe.augmentation, network.height, network.width, network.pad_color, label_set, rng)


def _build_sampler(
    recipe: SchpRecipe, _: PreparedFolder, names: list[str], rank: int, world_size: int
) -> SeededSampler:
    return SeededSampler(len(names), recipe.schedule.seed, rank, world_size)


SCHP: Final = NetworkFamily(
    networks=("schp",),
    recipe=SchpRecipe,
    build_network=_build_network,
    build_objective=_build_objective,
    make_example=_make_example,
    build_sampler=_build_sampler,
    has_pose=False,
)
