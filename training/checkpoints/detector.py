"""Checkpoints of the person detector: weights, the recipe that they come from, and what they measured.

Two forms: a run's own ``.pt``, and ``.safetensors`` with half-precision weights for publishing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from training.checkpoints.checkpoint import CheckpointError, read_parts, save_atomically
from training.networks.detector.network import DetectorNetwork
from training.networks.detector.recipe import DetectorRecipe
from training.recipes.recipe_error import validated


@dataclass(frozen=True)
class DetectorCheckpoint:
    """A trained detector, the recipe that made it, and what it measured at the time."""

    network: nn.Module
    recipe: DetectorRecipe
    metrics: dict[str, Any]

    def metadata(self) -> dict[str, Any]:
        """All but the weights, as plain values."""
        return {"recipe": self.recipe.model_dump(mode="json"), "metrics": self.metrics}


def save_detector(checkpoint: DetectorCheckpoint, path: Path) -> None:
    """Write a checkpoint: ``.safetensors`` with matrices and kernels in half precision, else ``.pt``."""
    if path.suffix != ".safetensors":
        save_atomically(path, {"weights": checkpoint.network.state_dict(), **checkpoint.metadata()})
        return
    weights = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in checkpoint.network.state_dict().items()
    }
    save_file(weights, path, {name: json.dumps(value) for name, value in checkpoint.metadata().items()})


def load_detector(path: Path) -> DetectorCheckpoint:
    """Read a checkpoint of either form; the network is in float32 and eval mode.

    Raises CheckpointError for a file that is missing, damaged or something else, TorchFileError and OSError.
    """
    stored = read_parts(path, {"recipe": dict, "weights": dict, "metrics": dict})
    if stored["recipe"].get("network", {}).get("name") != "detector":
        raise CheckpointError(f"{path} is a checkpoint of another network than the person detector")
    try:
        recipe = validated(DetectorRecipe, stored["recipe"])
        network = DetectorNetwork(recipe.network.trunk)
        values = stored["weights"].items()
        network.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in values})
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} is no detector's checkpoint that this version reads: {error}") from None
    return DetectorCheckpoint(network.eval(), recipe, stored["metrics"])
