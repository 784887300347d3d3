"""The family of light networks: one network, or an ensemble of several."""

from typing import Final

import torch

from training.data.prepared_folder import PreparedFolder
from training.data.sampler import RareLabelSampler, repeat_factors
from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.lite.ensemble import LiteEnsemble
from training.networks.lite.example import lite_example
from training.networks.lite.network import LiteNetwork
from training.networks.lite.objective import LiteObjective
from training.networks.lite.recipe import LiteEnsembleNetworkRecipe, LiteRecipe
from training.networks.network import Network
from training.networks.objective import Objective


def _build_network(recipe: LiteRecipe, label_set: LabelSet) -> Network:
    labels, joints = len(label_set.labels), len(label_set.joints)
    if isinstance(recipe.network, LiteEnsembleNetworkRecipe):
        return LiteEnsemble.from_recipe(recipe.network, labels, joints)
    return LiteNetwork.from_recipe(recipe.network, labels, joints)


def _build_objective(network: Network, recipe: LiteRecipe, label_set: LabelSet, precision: torch.dtype) -> Objective:
    return LiteObjective(network, precision, recipe.loss, label_set)


def _build_sampler(
    recipe: LiteRecipe, folder: PreparedFolder, names: list[str], rank: int, world_size: int
) -> RareLabelSampler:
    factors = repeat_factors(folder, names, recipe.sampling.rare_share)
    return RareLabelSampler(folder.weighted(factors, names), recipe.schedule.seed, rank, world_size)


LITE: Final = NetworkFamily(
    networks=("lite", "lite-ensemble"),
    recipe=LiteRecipe,
    build_network=_build_network,
    build_objective=_build_objective,
    make_example=lite_example,
    build_sampler=_build_sampler,
)
