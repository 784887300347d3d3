"""What ONNX Runtime's CUDA needs of the driver and the GPU, and what is there."""

import ctypes
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from service.engine.errors import StartError
from service.engine.model.runtime import onnx_runtime


class Needs(NamedTuple):
    """What a major version of CUDA needs, by the release notes of its toolkit: “Minimum Required Driver Version” and
    “Deprecated or Dropped Features”."""

    driver: int
    """The oldest branch of NVIDIA's driver for Linux."""
    capability: tuple[int, int]
    """The lowest compute capability."""
    generation: str
    """The oldest generation of GPUs, which has it."""


NEEDS: Final = {12: Needs(525, (5, 0), "Maxwell"), 13: Needs(580, (7, 5), "Turing")}
MAJOR, MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and …_MINOR of the driver API."""
OLDER: Final = "build the image with CUDA=12, or install requirements/gpu-cuda12.txt"


def built_for() -> int | None:
    """The major version of CUDA that this ONNX Runtime was built for; None if it was built without, or is missing."""
    try:
        version = str(getattr(onnx_runtime(), "cuda_version", "") or "")
    except StartError:
        return None
    major = version.partition(".")[0]
    return int(major) if major.isdecimal() else None


def complaint(cuda: int | None, load: Callable[[str], Any] = ctypes.CDLL) -> str | None:
    """Why this version of CUDA cannot run here, in a sentence that says what to do; None if nothing is in its way, or
    there is no driver at all."""
    needs = NEEDS.get(cuda or 0)
    if needs is None:
        return None
    try:
        driver = load("libcuda.so.1")
    except OSError:
        return None
    supported = ctypes.c_int()
    if driver.cuDriverGetVersion(ctypes.byref(supported)) == 0 and supported.value // 1000 < (cuda or 0):
        has = f"{supported.value // 1000}.{supported.value % 1000 // 10}"
        return (
            f"This ONNX Runtime is built for CUDA {cuda}, which needs NVIDIA's driver {needs.driver} or newer; the "
            f"driver here is for CUDA {has}. Update it; or, to stay with it, {OLDER}."
        )
    capability = _capability(driver)
    if capability is not None and capability < needs.capability:
        return (
            f"This ONNX Runtime is built for CUDA {cuda}, which needs a GPU of compute capability "
            f"{needs.capability[0]}.{needs.capability[1]} ({needs.generation}) or newer; the GPU here has "
            f"{capability[0]}.{capability[1]}. Take another GPU; or {OLDER}."
        )
    return None


def _capability(driver: Any) -> tuple[int, int] | None:
    """The compute capability of the first GPU; None if the driver does not say."""
    device, found = ctypes.c_int(), []
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
        return None
    for attribute in (MAJOR, MINOR):
        value = ctypes.c_int()
        if driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device):
            return None
        found.append(value.value)
    return found[0], found[1]
