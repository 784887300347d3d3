"""The family of LIP_SSL, the parsing network of SS-JPPNet's authors."""

from typing import Final

import torch

from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.lip_ssl.network import LipSsl
from training.networks.lip_ssl.objective import LipSslObjective
from training.networks.lip_ssl.recipe import LipSslRecipe
from training.networks.network import Network
from training.networks.objective import Objective
from training.networks.parser import parser_example


def _build_network(recipe: LipSslRecipe, label_set: LabelSet) -> Network:
    return LipSsl.from_recipe(recipe.network, len(label_set.labels))


def _build_objective(network: Network, recipe: LipSslRecipe, label_set: LabelSet, precision: torch.dtype) -> Objective:
    return LipSslObjective(network, precision, recipe.loss, label_set)


LIP_SSL: Final = NetworkFamily(
    networks=("lip_ssl",),
    recipe=LipSslRecipe,
    build_network=_build_network,
    build_objective=_build_objective,
    make_example=parser_example,
    has_pose=False,
)
