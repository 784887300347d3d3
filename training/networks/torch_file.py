"""Torch file: what ``torch.save`` wrote, read without running code that a file may hold."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.errors.input_error import InputError


class TorchFileError(InputError):
    """The file is not PyTorch's, is damaged, or holds more than plain values."""


def read_torch_file(path: Path) -> Any:
    """What is in a file: tensors (on the CPU), numbers, texts, and lists and tables of them.

    Raises OSError for a file that cannot be read, and TorchFileError that says what is wrong with it.
    """
    try:
        with path.open("rb") as file:
            start = file.read(40)
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # pickle, zipfile and torch each raise their own
        raise TorchFileError(f"{path} holds no plain weights of PyTorch's: {_reason(start, error)}") from None


def read_state_dict(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """The weights in a file by name, without the prefix; ``{"state_dict": …}`` and a bare state dict are read.

    Raises OSError, and TorchFileError, also for a file that holds other things than names and tensors.
    """
    stored: Any = read_torch_file(path)
    stored = stored.get("state_dict", stored) if isinstance(stored, Mapping) else stored
    if not isinstance(stored, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in stored.items()
    ):
        raise TorchFileError(f"{path} holds no state dict: names and tensors")
    weights = {name.removeprefix(prefix): value for name, value in stored.items()}
    if len(weights) < len(stored):
        raise TorchFileError(f"{path} holds some weights twice, with {prefix!r} before the name and without")
    return weights


def _reason(start: bytes, error: Exception) -> str:
    """Why a file cannot be read. PyTorch's own text advises to run the code that a file holds, and is left out."""
    if not start:
        return "it is empty"
    if not start.startswith((b"PK", b"\x80")):
        return f"it begins with {start!r}, as no file of PyTorch's does. Was the right file downloaded, and all of it?"
    if foreign := re.search(r"GLOBAL (\w[\w.]*)", str(error)):
        return f"it needs {foreign[1]}, and code in files is not run. Save its state_dict() alone"
    return f"it is damaged or cut short, or not from torch.save ({str(error).splitlines()[0].split('. ')[0]})"
