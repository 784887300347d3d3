"""The family of SCHP."""

from typing import Final, cast

import torch

from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.network import Network
from training.networks.objective import Objective
from training.networks.parser import parser_example
from training.networks.schp.network import Schp
from training.networks.schp.objective import SchpObjective
from training.networks.schp.recipe import SchpRecipe


def _build_network(recipe: SchpRecipe, label_set: LabelSet) -> Network:
    return Schp.from_recipe(recipe.network, len(label_set.labels))


def _build_objective(network: Network, recipe: SchpRecipe, _: LabelSet, precision: torch.dtype) -> Objective:
    return SchpObjective(cast(Schp, network), precision, recipe.loss)


SCHP: Final = NetworkFamily(
    networks=("schp",),
    recipe=SchpRecipe,
    build_network=_build_network,
    build_objective=_build_objective,
    make_example=parser_example,
    has_pose=False,
)
