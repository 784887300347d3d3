"""Initial weights of a run: random by seed, or a checkpoint's."""

from pathlib import Path

import torch
from torch import Tensor

from training.checkpoints.checkpoint import load_checkpoint
from training.errors.input_error import InputError
from training.labels.compatibility import have_same_labels
from training.labels.label_set import LabelSet
from training.networks.network import Network
from training.networks.recipe import Recipe
from training.networks.registry import build_network, predicted_label_set
from training.recipes.differences import differences


class OtherNetworkError(InputError):
    """A checkpoint of another network than the recipe's."""


def random_network(recipe: Recipe, label_set: LabelSet) -> Network:
    """The recipe's network with random weights, by the recipe's seed."""
    torch.manual_seed(recipe.schedule.seed)
    return build_network(recipe, label_set)


def network_from_checkpoint(path: Path, recipe: Recipe, label_set: LabelSet) -> tuple[Network, list[str]]:
    """The recipe's network with a checkpoint's weights, and the names of the weights that stay random.

    These are the weights whose shape depends on labels and joints, where the checkpoint has another label set. Raises
    CheckpointError for a file that is none, and OtherNetworkError for a checkpoint of another network.
    """
    network, origin = random_network(recipe, label_set), load_checkpoint(path)
    fresh = network.state_dict()
    weights, other = origin.network.state_dict(), []
    if not have_same_labels(origin.label_set, predicted_label_set(recipe, label_set)):
        weights = {name: value for name, value in weights.items() if name in fresh or not is_of_pose(name)}
        other = [
            name
            for name, value in fresh.items()
            if (weights[name].shape != value.shape if name in weights else is_of_pose(name))
        ]
    require_fit(path, origin.recipe, recipe, weights | {name: fresh[name] for name in other}, fresh)
    network.load_state_dict(weights | {name: fresh[name] for name in other})
    return network, other


def require_fit(
    path: Path, stored: Recipe, recipe: Recipe, weights: dict[str, Tensor], wanted: dict[str, Tensor]
) -> None:
    """Raises OtherNetworkError where weights of a checkpoint are not those of the recipe's network."""
    unfit = [name for name in wanted if name not in weights or weights[name].shape != wanted[name].shape]
    unfit += [name for name in weights if name not in wanted]
    if not unfit:
        return
    if stored.network.name != recipe.network.name:
        why = f"it is of the network “{stored.network.name}”, and the recipe's is “{recipe.network.name}”"
    else:
        why = "; ".join(map(str, differences(stored.network, recipe.network))) or "their weights differ"
    raise OtherNetworkError(
        f"{path} cannot be begun with: {why} ({len(unfit)} weights do not fit, the first is {unfit[0]}). Name a "
        "checkpoint of the recipe's network, or a recipe of the checkpoint's"
    )


def is_of_pose(name: str) -> bool:
    """Whether a weight is of a layer that a network for a label set without joints has not."""
    return not {"pose", "other_remap"}.isdisjoint(name.split("."))
