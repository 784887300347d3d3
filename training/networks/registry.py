"""Registry of network families, and what is built by a recipe whatever its family."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from training.data.prepared_folder import PreparedFolder
from training.data.sample import Sample
from training.data.sampler import SeededSampler
from training.data.training_dataset import DrawOther, TrainingDataset, TrainingExample
from training.labels.label_set import LabelSet
from training.networks.family import NetworkFamily
from training.networks.jppnet.family import JPPNET
from training.networks.lip_ssl.family import LIP_SSL
from training.networks.lite.family import LITE
from training.networks.network import Network
from training.networks.objective import Objective
from training.networks.recipe import Recipe
from training.networks.schp.family import SCHP
from training.recipes.overrides import with_overrides
from training.recipes.recipe_error import RecipeError, validated
from training.recipes.renamed_keys import with_new_keys

FAMILIES: Final[tuple[NetworkFamily[Any], ...]] = (
    LITE,
    JPPNET,
    LIP_SSL,
    SCHP,
)

_FAMILY_OF: Final[Mapping[str, NetworkFamily[Any]]] = {name: family for family in FAMILIES for name in family.networks}


class UnknownNetworkError(RecipeError):
    """A recipe's ``network.name`` is none of the registered networks."""


def family_of(network: object) -> NetworkFamily[Any]:
    """The family of a network by its name in recipes. Raises UnknownNetworkError."""
    if not isinstance(network, str) or network not in _FAMILY_OF:
        raise UnknownNetworkError(f"network.name is {network!r}; it must be one of: {', '.join(sorted(_FAMILY_OF))}")
    return _FAMILY_OF[network]


def parse_recipe(content: Mapping[str, Any]) -> Recipe:
    """A recipe from its tables; keys that were renamed since are read under their old names, too.

    Raises RecipeError: UnknownNetworkError, or one that names all unknown, missing and wrong keys.
    """
    network = content.get("network")
    form: type[Recipe] = family_of(network.get("name") if isinstance(network, Mapping) else None).recipe
    return validated(form, with_new_keys(content))


def changed_recipe(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """The recipe with some keys set, like ``schedule.epochs=10``. Raises RecipeError."""
    return parse_recipe(with_overrides(recipe.model_dump(mode="json"), overrides))


def predicted_label_set(recipe: Recipe, label_set: LabelSet) -> LabelSet:
    """What the recipe's network predicts of a label set: all of it, or the labels alone."""
    return label_set if family_of(recipe.network.name).has_pose else label_set.without_joints()


def build_network(recipe: Recipe, label_set: LabelSet) -> Network:
    """The recipe's network with random weights, for a label set's labels and joints."""
    network: Network = family_of(recipe.network.name).build_network(recipe, label_set)
    return network


def build_objective(network: Network, recipe: Recipe, label_set: LabelSet, precision: torch.dtype) -> Objective:
    """The recipe's loss around a network, which runs in ``precision``."""
    objective: Objective = family_of(recipe.network.name).build_objective(network, recipe, label_set, precision)
    return objective


def make_example(
    sample: Sample, recipe: Recipe, label_set: LabelSet, rng: np.random.Generator, draw_other: DrawOther
) -> TrainingExample:
    """One random training example of a sample, as the recipe says; without the batch axis."""
    example: TrainingExample = family_of(recipe.network.name).make_example(sample, recipe, label_set, rng, draw_other)
    return example


def build_dataset(recipe: Recipe, folder: PreparedFolder, names: list[str]) -> TrainingDataset:
    """The recipe's training data set of the named samples of a folder."""
    return TrainingDataset(folder, names, partial(_example_by_recipe, recipe, folder.label_set))


def _example_by_recipe(
    recipe: Recipe, label_set: LabelSet, sample: Sample, rng: np.random.Generator, draw_other: DrawOther
) -> TrainingExample:
    return make_example(sample, recipe, label_set, rng, draw_other)


def build_sampler(
    recipe: Recipe, folder: PreparedFolder, names: list[str], rank: int, world_size: int
) -> SeededSampler:
    """The recipe's sampler of the named samples, for process ``rank`` of ``world_size``."""
    sampler: SeededSampler = family_of(recipe.network.name).build_sampler(recipe, folder, names, rank, world_size)
    return sampler
