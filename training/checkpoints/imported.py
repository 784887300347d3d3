"""Checkpoints of imported weights: nothing is claimed of the data that they were trained on."""

from pathlib import Path

from torch import Tensor

from training.checkpoints.checkpoint import Checkpoint
from training.labels.label_set import LabelSet
from training.networks.network import Network
from training.networks.recipe import Recipe


def unstated_data(file: Path) -> dict[str, str]:
    """The data of weights that somebody else trained: not stated, but for the file that they came in."""
    return {"name": "not stated", "source": f"weights imported from {file.name}", "licence": "not stated"}


def imported_checkpoint(
    network: Network, weights: dict[str, Tensor], recipe: Recipe, label_set: LabelSet, file: Path
) -> Checkpoint:
    """The network, filled with the weights (it may be on ``meta``), as a checkpoint without figures."""
    network.load_state_dict(weights, assign=True)
    return Checkpoint(network, recipe, label_set, unstated_data(file), metrics={}, imported=True)
