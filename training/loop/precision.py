"""Precision in which a network is trained."""

import torch

from training.errors.input_error import InputError
from training.recipes.run_recipe import Precision

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def dtype_of(precision: Precision, device: torch.device) -> torch.dtype:
    """The type of a precision; ``auto`` is bfloat16 on a GPU, and float32 on a CPU, where bfloat16 takes longer.

    Raises InputError for float16 on a CPU.
    """
    if precision == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if precision == "fp16" and device.type == "cpu":
        raise InputError("run.precision = fp16 is for GPUs; on a CPU take fp32 or bf16")
    return DTYPES[precision]
