"""Checkpoints: weights together with the recipe that says which network they fill.

Two forms: a run's own ``.pt``, and ``.safetensors`` in half precision, small enough to hand around. Both are read by
everything that takes a checkpoint. ``python -m training.checkpoint RUN/best.pt OUT.safetensors`` makes the second.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from training.labels import JOINTS, LABELS
from training.networks import NETWORKS
from training.networks.lite import LiteNetwork
from training.recipe import Recipe


@dataclass(frozen=True)
class Checkpoint:
    """A trained network, the recipe and data that made it and what it measured at the time."""

    network: LiteNetwork
    recipe: Recipe
    data: dict[str, str]
    metrics: dict[str, Any]


def build_network(recipe: Recipe) -> LiteNetwork:
    """The recipe's network with random weights. Raises ValueError for an unknown name."""
    if recipe.network.name not in NETWORKS:
        raise ValueError(f"unknown network {recipe.network.name!r}; known: {', '.join(NETWORKS)}")
    return NETWORKS[recipe.network.name](len(LABELS), len(JOINTS))


def save_checkpoint(
    path: Path, network: nn.Module, recipe: Recipe, data: dict[str, str], metrics: dict[str, Any]
) -> None:
    """Write the weights of ``network``, made by ``recipe`` from ``data`` (the prepared folder's description)."""
    write_whole(
        path, {"weights": network.state_dict(), "recipe": recipe.model_dump(), "data": data, "metrics": metrics}
    )


def ship(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint as ``.safetensors``: matrices and kernels in half precision, vectors (norms, biases) not."""
    weights = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in checkpoint.network.state_dict().items()
    }
    words = {"recipe": checkpoint.recipe.model_dump(), "data": checkpoint.data, "metrics": checkpoint.metrics}
    save_file(weights, path, {name: json.dumps(value) for name, value in words.items()})


def _read_shipped(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        words = {name: json.loads(text) for name, text in file.metadata().items()}
        weights: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return {"weights": weights, **words}


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of either form and fill its network, float32, in eval mode on the CPU."""
    shipped = path.suffix == ".safetensors"
    stored = _read_shipped(path) if shipped else torch.load(path, map_location="cpu", weights_only=True)
    recipe = Recipe.model_validate(stored["recipe"])
    network = build_network(recipe)
    network.load_state_dict(stored["weights"])
    return Checkpoint(network.eval(), recipe, stored["data"], stored["metrics"])


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """``torch.save`` that never leaves half a file behind, however the process ends."""
    unfinished = path.with_suffix(".part")
    torch.save(content, unfinished)
    unfinished.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    args = parser.parse_args()
    ship(load_checkpoint(args.checkpoint), args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
