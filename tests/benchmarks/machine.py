"""What the figures were measured on, when and how."""

import datetime
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from service.engine.model.cores import usable_cores
from tests.benchmarks.options import SHIPPED, ChosenFormat

PACKAGES: Final = ("bentoml", "fastapi", "litserve", "numpy", "opencv-python-headless", "ray", "uvicorn")


def describe_run(chosen: ChosenFormat, command: str) -> dict[str, Any]:
    """What stands above every result: model, machine, date and the command that measures the same anew."""
    model, provider = chosen.setup.model, chosen.setup.provider
    variables = {
        "PROVIDER": provider if provider != "cpu" else "",
        "MODEL": model.name if model != SHIPPED else "",
        "PHOTOS": "…" if chosen.has_own_photos else "",
        "QUICK": "1" if chosen.is_quick else "",
    }
    return {
        "command": " ".join([command, *(f"{name}={value}" for name, value in variables.items() if value)]),
        "date": datetime.date.today().isoformat(),
        "model": model.stem,
        "machine": describe_machine(provider),
        "is_quick": chosen.is_quick,
    }


def describe_machine(provider: str) -> dict[str, str]:
    """Device, cores, systems and versions, by name."""
    runtime = "onnxruntime-gpu" if provider == "cuda" else "onnxruntime"
    described = {
        "CPU": f"{_cpu_name()}, {usable_cores()} cores in use",
        "System": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "Packages": ", ".join(f"{package} {version(package)}" for package in (runtime, *PACKAGES)),
        "Load": _output("wrk", "--version").splitlines()[0].split(" Copyright")[0],
        "jppnet": _output("git", "describe", "--always", "--dirty").strip(),
    }
    if provider == "cuda":
        query = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
        described = {"GPU": _output(*query).strip()} | described
    return described


def _cpu_name() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.machine()


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)  # wrk says its version and fails
    return done.stdout or done.stderr
