"""A cheaper checkpoint from a trained one: ``python -m training.trim RUN/best.pt --out OUT.pt``.

Of a light network's refinement stages only the last is kept, which draws the answers, and it filters 3×3 in place of
5×5 cells at stride 4. The rest of the weights stays as it was, so a short stage of training (``--from OUT.pt``, preset
``lite-trimmed``) brings back what that loses.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from training.calibration import UNCALIBRATED
from training.checkpoint import Checkpoint, build_network, load_checkpoint, save_checkpoint
from training.recipe import LiteNetworkRecipe


def trim(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with one refinement stage and 3×3 kernels at stride 4; nobody has measured it, and it says so.

    Raises ValueError for another network than a light one with two refinement stages or more.
    """
    network = checkpoint.recipe.network
    if not isinstance(network, LiteNetworkRecipe) or network.refinements < 2:
        raise ValueError("there is nothing to trim: only light networks with two refinement stages or more")
    recipe = checkpoint.recipe.model_copy(
        update={"network": network.model_copy(update={"refinements": 1, "finish_kernel": 3})}
    )
    last = f"joins.{network.refinements - 1}."
    weights = {
        name.replace(last, "joins.0."): _centre(value) if _filters_at_the_end(name) else value
        for name, value in checkpoint.network.state_dict().items()
        if not name.startswith(("joins.", "changes.")) or name.startswith(last)
    }
    trimmed = build_network(recipe, checkpoint.label_set)
    trimmed.load_state_dict(weights)
    return replace(checkpoint, network=trimmed.eval(), recipe=recipe, metrics={}, calibration=UNCALIBRATED)


def _filters_at_the_end(name: str) -> bool:
    return name.startswith("finish.heads.") and name.endswith(".0.0.weight")


def _centre(kernel: Tensor) -> Tensor:
    """The middle 3×3 of kernels (C, 1, K, K)."""
    edge = (kernel.shape[-1] - 3) // 2
    return kernel[:, :, edge : edge + 3, edge : edge + 3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        save_checkpoint(trim(load_checkpoint(args.checkpoint)), args.out)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
