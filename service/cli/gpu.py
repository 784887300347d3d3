"""Detection of an NVIDIA GPU and of what it needs: driver, devices, the driver's library, ONNX Runtime for GPUs."""

import ctypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.engine.model.cuda import complaint
from service.engine.model.runtime import pip_install

IN_DOCKER = ".dockerenv"
IN_PODMAN = "run/.containerenv"
WSL_DEVICE = "dev/dxg"
"""Where Windows lends its GPU to Linux."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """What was found, and what is missing to run on a GPU: a sentence each, in the order in which to go about it."""

    driver: str | None
    """The driver's version, if this process sees one."""
    devices: list[str]
    libcuda: bool
    """Whether the driver's library can be loaded."""
    container: bool
    missing: list[str]


def look_for_gpu(
    packages: Mapping[str, str],
    root: Path = Path("/"),
    load: Callable[[str], object] = ctypes.CDLL,
    built_for: int | None = None,
) -> Gpu:
    """Looks for a GPU; ``packages`` are the installed distributions of ONNX Runtime, name → version, and it was
    ``built_for`` this major version of CUDA."""
    driver = _driver_version(root)
    devices = sorted(f"/{device.relative_to(root)}" for device in root.glob("dev/nvidia[0-9]*"))
    if (root / WSL_DEVICE).exists():
        devices.append(f"/{WSL_DEVICE}")
    libcuda = _loads("libcuda.so.1", load)
    container = (root / IN_DOCKER).exists() or (root / IN_PODMAN).exists()
    missing = []
    if not (driver or devices):
        missing.append(
            "No NVIDIA GPU is seen in this container. Start it with --gpus all, as docker-compose.yml does; the host "
            "needs NVIDIA's driver and the NVIDIA Container Toolkit."
            if container
            else "No NVIDIA driver is seen. Install it; `nvidia-smi` must list the GPU."
        )
    elif not devices:
        missing.append("The driver is there, but no GPU is (/dev/nvidia0). `nvidia-smi` says why.")
    if not libcuda:
        missing.append(
            "The driver's library libcuda.so.1 cannot be loaded. "
            + ("The NVIDIA Container Toolkit brings it into containers." if container else "It comes with the driver.")
        )
    if "onnxruntime-gpu" not in packages:
        missing.append(
            f"onnxruntime-gpu is not installed: pip uninstall onnxruntime, then, {pip_install('gpu')}; or make "
            "serve-gpu."
        )
    elif "onnxruntime" in packages:
        missing.append(
            f"onnxruntime hides onnxruntime-gpu: pip uninstall onnxruntime onnxruntime-gpu, then, {pip_install('gpu')}."
        )
    if unsuited := complaint(built_for, load):
        missing.append(unsuited)
    return Gpu(driver, devices, libcuda, container, missing)


def _driver_version(root: Path) -> str | None:
    try:
        text = (root / "proc/driver/nvidia/version").read_text()
    except OSError:
        return None
    found = re.search(r"\b\d+\.\d+(\.\d+)?\b", text)
    return found[0] if found else "unknown"


def _loads(library: str, load: Callable[[str], object]) -> bool:
    try:
        load(library)
    except OSError:
        return False
    return True
