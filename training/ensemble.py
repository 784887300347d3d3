"""One checkpoint from several light networks: its answer is the mean of theirs.

    python -m training.ensemble MEMBER MEMBER… --out OUT.pt [--size HEIGHT WIDTH] [--pose-shares SHARE SHARE…]

Members may have different trunks and were trained each by itself. The ensemble's input has the first member's size or
the given one: light networks answer at any, and a larger one often answers better than what they were trained at. It is
a checkpoint like any other: measured, calibrated, exported, and trained on (--from).
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.calibration import UNCALIBRATED
from training.checkpoint import Checkpoint, build_network, load_checkpoint, save_checkpoint
from training.recipe import LiteEnsembleNetworkRecipe, LiteNetworkRecipe


def ensemble(
    members: Sequence[Checkpoint], size: tuple[int, int] | None = None, pose_shares: tuple[float, ...] | None = None
) -> Checkpoint:
    """The members as one network, with the first one's recipe otherwise.

    ``size``: of its input, (height, width); none: the first one's. ``pose_shares``: how much each member's heat maps
    count, with a sum of 1; none: alike. Labels' scores count alike. Nobody has measured or calibrated the result, and
    it says so.

    Raises ValueError for fewer than two, for other networks than light ones, for members that differ in labels, joints
    or number of stages, for a size that light networks do not take, and for shares that are none.
    """
    first = members[0]
    if any(member.label_set != first.label_set for member in members):
        raise ValueError("its members must know the same labels and joints")
    recipe = first.recipe.model_copy(update={"network": network_recipe(members, size, pose_shares)})
    weights = {
        f"members.{place}.{name}": value
        for place, member in enumerate(members)
        for name, value in member.network.state_dict().items()
    }
    network = build_network(recipe, first.label_set)
    network.load_state_dict(weights)
    return replace(first, network=network.eval(), recipe=recipe, metrics={}, calibration=UNCALIBRATED)


def network_recipe(
    members: Sequence[Checkpoint], size: tuple[int, int] | None, pose_shares: tuple[float, ...] | None
) -> LiteEnsembleNetworkRecipe:
    """The network's part of the ensemble's recipe; arguments and errors are those of ``ensemble``."""
    recipes = [member.recipe.network for member in members]
    lite = [recipe for recipe in recipes if isinstance(recipe, LiteNetworkRecipe)]
    if len(lite) < max(len(members), 2):
        raise ValueError("an ensemble is made of two light networks or more")
    first = lite[0]
    if any((recipe.refinements, recipe.finish_kernel) != (first.refinements, first.finish_kernel) for recipe in lite):
        raise ValueError("its members must have the same number of refinement stages and the same finish_kernel")
    height, width = size or (first.height, first.width)
    return LiteEnsembleNetworkRecipe(
        name="lite-ensemble",
        height=height,
        width=width,
        fit=first.fit,
        trunks=tuple(recipe.trunk for recipe in lite),
        pose_shares=pose_shares or (1 / len(lite),) * len(lite),
        frozen_groups=first.frozen_groups,
        refinements=first.refinements,
        finish_kernel=first.finish_kernel,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("members", type=Path, nargs="+", metavar="MEMBER", help="a checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"), help="of its input, in pixels")
    parser.add_argument("--pose-shares", type=float, nargs="+", help="how much each member's heat maps count (alike)")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        members = [load_checkpoint(path) for path in args.members]
        shares = tuple(args.pose_shares) if args.pose_shares else None
        save_checkpoint(ensemble(members, args.size, shares), args.out)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
