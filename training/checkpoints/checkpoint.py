"""Checkpoints: a network's weights with the recipe, the label set and the data that they come from.

Two forms: a run's own ``.pt``, and ``.safetensors`` with half-precision weights for publishing. ``load_checkpoint``
reads both.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from training.checkpoints.calibration import UNCALIBRATED, Calibration
from training.errors.input_error import InputError
from training.labels.label_set import LabelSet
from training.labels.lip import LIP
from training.networks.network import Network
from training.networks.recipe import Recipe
from training.networks.registry import build_network, parse_recipe
from training.networks.torch_file import read_torch_file


class StorageError(InputError):
    """A file that could not be written."""


class CheckpointError(InputError):
    """A file that is not there, is no checkpoint of a network, or whose parts do not fit together."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained network, and where it comes from.

    ``data``: the training data's name, licence and source. ``metrics``: as ``evaluate`` returns them; empty where
    they were not measured. ``calibration``: of its scores. ``imported``: the weights come from somebody else's file,
    and not from a run of the recipe.
    """

    network: Network
    recipe: Recipe
    label_set: LabelSet
    data: dict[str, str]
    metrics: dict[str, Any]
    calibration: Calibration = UNCALIBRATED
    imported: bool = False

    def metadata(self) -> dict[str, Any]:
        """All but the weights, as plain values."""
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "label_set": self.label_set.model_dump(mode="json"),
            "data": self.data,
            "metrics": self.metrics,
            "calibration": self.calibration.model_dump(mode="json"),
            "imported": self.imported,
        }


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint as ``.pt``."""
    save_atomically(path, {"weights": checkpoint.network.state_dict(), **checkpoint.metadata()})


def save_safetensors(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint as ``.safetensors``: matrices and kernels in half precision, vectors (norms, biases) not."""
    weights = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in checkpoint.network.state_dict().items()
    }
    save_file(weights, path, {name: json.dumps(value) for name, value in checkpoint.metadata().items()})


def read_parts(path: Path, parts: dict[str, type]) -> dict[str, Any]:
    """The parts of a checkpoint of either form, by name; ``parts``: those that must be there, and their types.

    Raises CheckpointError, TorchFileError for a ``.pt`` that is not PyTorch's or holds code, and OSError.
    """
    if not path.is_file():
        near = sorted(str(file) for file in path.parent.glob("*") if file.suffix in (".pt", ".safetensors"))
        beside = f"; there are {', '.join(near)}" if near else ""
        raise CheckpointError(f"{path}: there is no such checkpoint{beside}")
    stored = _read_safetensors(path) if path.suffix == ".safetensors" else read_torch_file(path)
    stored = stored if isinstance(stored, dict) else {}
    if lacking := [name for name, kind in parts.items() if not isinstance(stored.get(name), kind)]:
        if "optimizer" in stored:
            hint = "it is the state of a run, for --resume; the checkpoint is best.pt beside it"
        else:
            hint = f"it lacks {', '.join(lacking)}. Weights of other projects are imported first (docs/parsers.md)"
        raise CheckpointError(f"{path} is no checkpoint of a network: {hint}")
    return stored


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, "pt") as file:
            metadata = {name: json.loads(text) for name, text in (file.metadata() or {}).items()}
            weights: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is no checkpoint, or a damaged one: {error}") from None
    return {"weights": weights, **metadata}


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of either form and fill its network, float32, in eval mode on the CPU.

    A file without a label set is from when LIP's was the only one; one without a calibration is uncalibrated. Raises
    OSError, TorchFileError for a ``.pt`` that is not PyTorch's or holds code, and CheckpointError.
    """
    stored = read_parts(path, {"recipe": dict, "weights": dict, "data": dict, "metrics": dict})
    try:
        recipe = parse_recipe(stored["recipe"])
        label_set = LabelSet.model_validate(stored["label_set"]) if "label_set" in stored else LIP
        calibration = Calibration.model_validate(stored.get("calibration", {}))
    except ValueError as error:
        raise CheckpointError(f"{path} is no checkpoint that this version reads: {error}") from None
    with torch.device("meta"):  # random weights would cost more time than reading the right ones
        network = build_network(recipe, label_set)
    weights = {name: value.float() if value.is_floating_point() else value for name, value in stored["weights"].items()}
    try:
        network.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: its weights are not those of its recipe: {error}") from None
    return Checkpoint(
        network.eval(), recipe, label_set, stored["data"], stored["metrics"], calibration, stored.get("imported", False)
    )


def save_atomically(path: Path, content: dict[str, Any]) -> None:
    """``torch.save`` to a temporary file, then rename: a process that ends early leaves no broken file.

    The folder is made where there is none. Raises StorageError, and leaves nothing, where the file cannot be written,
    most often because the disk is full.
    """
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, unfinished)
        unfinished.rename(path)
    except (OSError, RuntimeError) as error:  # PyTorch's own writer raises RuntimeError, without the reason
        unfinished.unlink(missing_ok=True)
        raise StorageError(_why_not_stored(path, error)) from error


def _why_not_stored(path: Path, error: Exception) -> str:
    if not path.parent.is_dir():
        return f"{path} cannot be written: the folder {path.parent} is not there"
    free = shutil.disk_usage(path.parent).free
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "the file could not be written whole"
    kept = f"; {path} is still what it was" if path.exists() else ""
    return f"{path} cannot be written: {reason}, {free / 1e6:.0f} MB are free there{kept}. Make room and try again"
