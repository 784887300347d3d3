"""Checkpoints: weights together with the recipe that says which network they fill."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

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


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and fill its network, in eval mode on the CPU."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    recipe = Recipe.model_validate(stored["recipe"])
    network = build_network(recipe)
    network.load_state_dict(stored["weights"])
    return Checkpoint(network.eval(), recipe, stored["data"], stored["metrics"])


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """``torch.save`` that never leaves half a file behind, however the process ends."""
    unfinished = path.with_suffix(".part")
    torch.save(content, unfinished)
    unfinished.rename(path)
