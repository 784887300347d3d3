"""Weights of a TensorFlow.js graph model: a ``.json`` that names them, and the binary files beside it."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors.input_error import InputError


def read_tfjs_weights(model: Path) -> dict[str, NDArray[np.float32]]:
    """All float weights of the graph model whose JSON file is ``model``, by their names, in TensorFlow's layouts.

    Raises InputError for a file of another kind, FileNotFoundError when a binary file is missing.
    """
    try:
        groups = json.loads(model.read_text())["weightsManifest"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{model} is not the .json of a TensorFlow.js graph model") from error
    weights: dict[str, NDArray[np.float32]] = {}
    for group in groups:
        content = b"".join((model.parent / path).read_bytes() for path in group["paths"])
        offset = 0
        for weight in group["weights"]:
            kind = np.dtype(weight.get("quantization", weight)["dtype"])
            count = int(np.prod(weight["shape"], dtype=int))
            if kind.kind == "f":  # integers are shapes and axes
                values = np.frombuffer(content, kind, count, offset)
                weights[weight["name"]] = values.reshape(weight["shape"]).astype(np.float32)
            offset += count * kind.itemsize
    return weights
