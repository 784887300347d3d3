"""The family of JPPNet, the original network."""

from typing import Final

import torch

from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.jppnet.example import jppnet_example
from training.networks.jppnet.network import JPPNet
from training.networks.jppnet.objective import JPPNetObjective
from training.networks.jppnet.recipe import JPPNetRecipe
from training.networks.network import Network
from training.networks.objective import Objective


def _build_network(recipe: JPPNetRecipe, label_set: LabelSet) -> Network:
    return JPPNet.from_recipe(recipe.network, len(label_set.labels), len(label_set.joints))


def _build_objective(network: Network, recipe: JPPNetRecipe, label_set: LabelSet, precision: torch.dtype) -> Objective:
    return JPPNetObjective(network, precision, recipe.loss, label_set)


JPPNET: Final = NetworkFamily(
    networks=("jppnet",),
    recipe=JPPNetRecipe,
    build_network=_build_network,
    build_objective=_build_objective,
    make_example=jppnet_example,
)
