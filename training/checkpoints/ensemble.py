"""Ensemble: several light networks as one checkpoint, whose prediction is the mean of theirs."""

from collections.abc import Sequence
from dataclasses import replace

from training.checkpoints.calibration import UNCALIBRATED
from training.checkpoints.checkpoint import Checkpoint
from training.errors.input_error import InputError
from training.labels.compatibility import have_same_labels
from training.networks.lite.recipe import LiteEnsembleNetworkRecipe, LiteNetworkRecipe
from training.networks.registry import build_network
from training.recipes.recipe_error import validated


def ensemble(
    members: Sequence[Checkpoint], size: tuple[int, int] | None = None, pose_shares: tuple[float, ...] | None = None
) -> Checkpoint:
    """The members as one network, with the rest of the first member's recipe.

    ``size``: of its input, (height, width); none: the first member's. ``pose_shares``: weights of the members' heat
    maps, with a sum of 1; none: equal. Label scores have equal weights. The result has neither metrics nor a
    calibration.

    Raises InputError for fewer than two members, for other networks than light ones, for members that differ in labels,
    joints or number of stages, for a size that light networks do not take, and for shares that do not fit.
    """
    first = members[0]
    if any(not have_same_labels(member.label_set, first.label_set) for member in members):
        raise InputError("its members must know the same labels and joints")
    recipe = first.recipe.model_copy(update={"network": network_recipe(members, size, pose_shares)})
    weights = {
        f"members.{place}.{name}": value
        for place, member in enumerate(members)
        for name, value in member.network.state_dict().items()
    }
    network = build_network(recipe, first.label_set)
    network.load_state_dict(weights)
    return replace(first, network=network.eval(), recipe=recipe, metrics={}, calibration=UNCALIBRATED)


def members_of(together: Checkpoint) -> list[Checkpoint]:
    """The members of an ensemble, each as a checkpoint of its own with the ensemble's input size; without metrics or
    calibration. ``ensemble`` of them, with the same shares, is the same network.

    Raises InputError for a checkpoint of another network.
    """
    recipe = together.recipe.network
    if not isinstance(recipe, LiteEnsembleNetworkRecipe):
        raise InputError(f"this is a checkpoint of the network “{recipe.name}” and no ensemble")
    weights = together.network.state_dict()
    members = []
    for place, member_recipe in enumerate(recipe.members()):
        whole_recipe = together.recipe.model_copy(update={"network": member_recipe})
        network = build_network(whole_recipe, together.label_set)
        prefix = f"members.{place}."
        network.load_state_dict(
            {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        )
        members.append(
            replace(together, network=network.eval(), recipe=whole_recipe, metrics={}, calibration=UNCALIBRATED)
        )
    return members


def network_recipe(
    members: Sequence[Checkpoint], size: tuple[int, int] | None, pose_shares: tuple[float, ...] | None
) -> LiteEnsembleNetworkRecipe:
    """The network's part of the ensemble's recipe; arguments and errors are those of ``ensemble``."""
    recipes = [member.recipe.network for member in members]
    lite = [recipe for recipe in recipes if isinstance(recipe, LiteNetworkRecipe)]
    if len(lite) < max(len(members), 2):
        raise InputError("an ensemble is made of two light networks or more")
    first = lite[0]
    if any((recipe.refinements, recipe.finish_kernel) != (first.refinements, first.finish_kernel) for recipe in lite):
        raise InputError("its members must have the same number of refinement stages and the same finish_kernel")
    height, width = size or (first.height, first.width)
    content = first.model_dump(exclude={"name", "trunk"}) | {
        "name": "lite-ensemble",
        "height": height,
        "width": width,
        "trunks": tuple(recipe.trunk for recipe in lite),
        "pose_shares": pose_shares or (1 / len(lite),) * len(lite),
    }
    return validated(LiteEnsembleNetworkRecipe, content)
