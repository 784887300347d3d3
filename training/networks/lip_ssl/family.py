"""The family of LIP_SSL, the parsing network of SS-JPPNet's authors."""

from typing import Final

import numpy as np
import torch

from training.augmentation.random_view import random_view
from training.data.prepared_folder import PreparedFolder
from training.data.sample import Sample
from training.data.sampler import SeededSampler
from training.data.training_dataset import DrawOther, TrainingExample
from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.lip_ssl.network import LipSsl
from training.networks.lip_ssl.objective import LipSslObjective
from training.networks.lip_ssl.recipe import LipSslRecipe
from training.networks.network import Network
from training.networks.objective import Objective


def _build_network(recipe: LipSslRecipe, label_set: LabelSet) -> Network:
    return LipSsl.from_recipe(recipe.network, len(label_set.labels))


def _build_objective(network: Network, recipe: LipSslRecipe, label_set: LabelSet, precision: torch.dtype) -> Objective:
    return LipSslObjective(network, precision, recipe.loss, label_set)


def _make_example(
    sample: Sample, recipe: LipSslRecipe, label_set: LabelSet, rng: np.random.Generator, _: DrawOther
) -> TrainingExample:
    network = recipe.network
    return random_view(sample, recipe.augmentation, network.height, network.width, network.pad_color, label_set, rng)


def _build_sampler(
    recipe: LipSslRecipe, _: PreparedFolder, names: list[str], rank: int, world_size: int
) -> SeededSampler:
    return SeededSampler(len(names), recipe.schedule.seed, rank, world_size)


LIP_SSL: Final = NetworkFamily(
    networks=("lip_ssl",),
    recipe=LipSslRecipe,
    build_network=_build_network,
    build_objective=_build_objective,
    make_example=_make_example,
    build_sampler=_build_sampler,
    has_pose=False,
)
