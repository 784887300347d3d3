"""JPPNet's released TensorFlow checkpoint: variable names, shapes and values as PyTorch weights."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.errors.input_error import InputError

Variables = Mapping[str, npt.NDArray[Any]]

NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}

TRUNK = {"weight": "weights", "bias": "biases"}

HEADS = {"weight": "w", "bias": "b"}

OTHER_TASK = {"parsing": "pose", "pose": "parsing"}

# Torch module → the original's variable scope. It has two naming styles: the trunk and the first parsing branch were
# converted from Caffe, the rest was written by hand; each has its own words for weight and bias.
SCOPES: tuple[tuple[str, Callable[[re.Match[str]], str], Mapping[str, str]], ...] = (
    (r"trunk\.conv1\.conv", lambda _: "conv1", TRUNK),
    (r"trunk\.conv1\.norm", lambda _: "bn_conv1", NORM),
    (r"\w+\.res(\d)\.(\w+)\.(branch\w+)\.conv", lambda m: f"res{m[1]}{m[2]}_{m[3]}", TRUNK),
    (r"\w+\.res(\d)\.(\w+)\.(branch\w+)\.norm", lambda m: f"bn{m[1]}{m[2]}_{m[3]}", NORM),
    (r"parsing\.classifier\.(\d)", lambda m: f"fc1_human_c{m[1]}", TRUNK),
    (r"parsing\.(branch2[ab])", lambda m: f"res5d_{m[1]}_parsing", TRUNK),
    (r"pose\.conv(\d)", lambda m: f"fc1_pose/pose_conv{m[1]}", HEADS),
    (r"refinements\.(\d)\.(\w+)\.own_remap", lambda m: f"{_stage(m)}/{m[2]}_remap", HEADS),
    (r"refinements\.(\d)\.(\w+)\.other_remap", lambda m: f"{_stage(m)}/{OTHER_TASK[m[2]]}_remap", HEADS),
    (r"refinements\.(\d)\.(parsing)\.conv(\d)", lambda m: f"{_stage(m)}/parsing_conv{m[3]}", HEADS),
    (r"refinements\.(\d)\.(parsing)\.head\.(\d)", lambda m: f"{_stage(m)}/parsing_human{int(m[3]) + 1}", HEADS),
    (r"refinements\.(\d)\.(pose)\.conv(\d)", lambda m: f"{_stage(m)}/conv{m[3]}", HEADS),
    (r"refinements\.(\d)\.(pose)\.head", lambda m: f"{_stage(m)}/conv6", HEADS),
)


class IncompleteCheckpointError(InputError):
    """The checkpoint's variables do not match the network; the message names each of them."""


def _stage(match: re.Match[str]) -> str:
    return f"fc{int(match[1]) + 2}_{match[2]}"


def tensorflow_name(parameter: str) -> str:
    """Name of a ``JPPNet`` parameter → the name of the variable that fills it. Raises KeyError for any other."""
    module, _, leaf = parameter.rpartition(".")
    for pattern, scope, leaves in SCOPES:
        if match := re.fullmatch(pattern, module):
            return f"{scope(match)}/{leaves[leaf]}"
    raise KeyError(parameter)


def tensorflow_shape(shape: torch.Size) -> tuple[int, ...]:
    """A parameter's shape in TensorFlow's layout: kernels are (height, width, in, out)."""
    return (*shape[2:], shape[1], shape[0]) if len(shape) == 4 else tuple(shape)


def is_bookkeeping(name: str, wanted: Mapping[str, object]) -> bool:
    """Whether training left the variable: an optimiser's slot (``VARIABLE/Momentum``) or the step counter."""
    return name == "global_step" or name.rpartition("/")[0] in wanted


def to_weights(variables: Variables, network: nn.Module) -> dict[str, Tensor]:
    """The original's variables → state dict of ``network`` (whose own values are not read; it may be on ``meta``).

    Raises IncompleteCheckpointError when a variable is missing, left over or of a wrong shape.
    """
    wanted = {tensorflow_name(name): (name, tensor.shape) for name, tensor in network.state_dict().items()}
    problems = [f"missing: {name}" for name in wanted if name not in variables]
    problems += [f"left over: {name}" for name in variables if name not in wanted and not is_bookkeeping(name, wanted)]
    problems += [
        f"wrong shape: {name} is {variables[name].shape}, wanted {tensorflow_shape(shape)}"
        for name, (_, shape) in wanted.items()
        if name in variables and variables[name].shape != tensorflow_shape(shape)
    ]
    if problems:
        raise IncompleteCheckpointError("\n".join(problems))
    return {parameter: _to_tensor(variables[name]) for name, (parameter, _) in wanted.items()}


def _to_tensor(value: npt.NDArray[Any]) -> Tensor:
    value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value
    return torch.from_numpy(np.ascontiguousarray(value, np.float32))


def checkpoint_prefix(path: Path) -> str:
    """What TensorFlow calls a checkpoint: its files' names without ``.index`` and ``.data-…``.

    A folder stands for the one checkpoint in it. Raises FileNotFoundError for none and for more than one.
    """
    if not path.is_dir():
        return str(path.with_suffix("") if path.suffix.startswith((".index", ".meta", ".data")) else path)
    found = sorted(path.glob("*.index"))
    if len(found) != 1:
        names = ", ".join(file.stem for file in found) or "none"
        raise FileNotFoundError(f"{path} must hold one checkpoint (a file *.index and its *.data-…); found: {names}")
    return str(found[0].with_suffix(""))


def read_checkpoint(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All variables of a TensorFlow checkpoint, by name. Raises FileNotFoundError; ImportError without TensorFlow."""
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError(
            "a TensorFlow checkpoint is read with TensorFlow: in the clone, pip install '.[import-tf]'"
        ) from error

    prefix = checkpoint_prefix(path)
    try:
        reader = tf.train.load_checkpoint(prefix)
    except (tf.errors.NotFoundError, ValueError) as error:
        raise FileNotFoundError(f"{prefix}: no TensorFlow checkpoint of that name ({error})") from error
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
