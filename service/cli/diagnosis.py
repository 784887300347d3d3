"""Diagnosis of an installation: everything that ``jppnet doctor`` says, as data."""

import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from jppnet.installation import MARKS, hidden
from service.cli.gpu import Gpu, look_for_gpu
from service.engine.errors import StartError
from service.engine.model.cores import usable_cores
from service.engine.model.cuda import built_for
from service.engine.model.runtime import onnx_runtime
from service.memory import usable_memory
from service.settings import Settings

PACKAGES: Final = (
    "jppnet",
    "jppnet-client",
    "numpy",
    "opencv-python-headless",
    "fastapi",
    "pydantic",
    "uvicorn",
    "httpx",
)
RUNTIMES: Final = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
"""The distributions that bring ONNX Runtime; more than one overwrite each other."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where this runs."""

    system: str
    cores: int
    usable_cores: int
    """Less where an affinity mask or a container's quota says so."""
    memory_gb: float
    """Less where a container's limit says so."""


@dataclass(frozen=True, slots=True)
class Started:
    """An engine that started: its golden sample came back right."""

    provider: str
    model: str
    version: str
    license: str
    precision: str
    detector: str | None
    """Name, version and precision of what finds people; None where one person is looked for in each photo."""
    labels: int
    joints: int
    input: str
    """Width × height, in pixels."""
    lanes: int
    threads: int
    largest_batch: int
    photos_per_second: float
    seconds: float
    """That the start took."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings. ``started`` is None if the service would not start here, and ``error`` says why."""

    python: str
    packages: dict[str, str]
    runtimes: dict[str, str]
    """Installed distributions of ONNX Runtime."""
    hidden: list[str]
    """Folders that hide packages of ours from Python: a sentence each."""
    machine: Machine
    providers: list[str]
    """That this installation of ONNX Runtime has."""
    asked_provider: str
    model_file: str
    model_mb: float | None
    detector_file: str | None
    detector_mb: float | None
    log: list[str]
    """What the engine said while it started: why “auto” took what it took, among others."""
    started: Started | None
    error: str | None
    gpu: Gpu

    @property
    def overlooked_gpu(self) -> bool:
        """Whether a GPU is there and the CPU does its work."""
        return bool(self.gpu.devices) and (self.started is None or self.started.provider in ("cpu", "openvino"))

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {"ok": self.started is not None, **asdict(self)}


def diagnose(settings: Settings) -> Diagnosis:
    """Starts an engine as the service would, and collects the findings."""
    runtimes = _versions(RUNTIMES)
    started, error = None, None
    with _captured_log() as log:
        try:
            started = _start(settings)
        except StartError as reason:
            error = str(reason)
    return Diagnosis(
        python=platform.python_version(),
        packages=_versions(PACKAGES),
        runtimes=runtimes,
        hidden=[found for found in map(hidden, MARKS) if found],
        machine=Machine(platform.platform(), os.cpu_count() or 1, usable_cores(), round(usable_memory() / 1e9, 1)),
        providers=_providers(),
        asked_provider=settings.provider,
        model_file=str(settings.model),
        model_mb=_megabytes(settings.model),
        detector_file=str(settings.detector) if settings.detector else None,
        detector_mb=_megabytes(settings.detector) if settings.detector else None,
        log=log,
        started=started,
        error=error,
        gpu=look_for_gpu(runtimes, built_for=built_for()),
    )


def _megabytes(file: Path) -> float | None:
    """The size of a file, in millions of bytes; None if there is no such file."""
    return round(file.stat().st_size / 1e6, 1) if file.is_file() else None


def _providers() -> list[str]:
    """Those of the installed ONNX Runtime; none where there is none."""
    try:
        return list(onnx_runtime().get_available_providers())
    except StartError:
        return []


def _start(settings: Settings) -> Started:
    from service.engine.engine import Engine

    began = time.perf_counter()
    engine = Engine.start(settings)
    seconds = time.perf_counter() - began
    card, info, detector = engine.card, engine.info, engine.detector
    engine.close()
    return Started(
        provider=info.provider,
        model=card.name,
        version=card.version,
        license=card.license,
        precision=card.precision,
        detector=f"{detector.name} {detector.version}, {detector.precision}" if detector else None,
        labels=len(card.labels),
        joints=len(card.joints),
        input=f"{info.input_width}×{info.input_height}",
        lanes=info.lanes,
        threads=info.threads,
        largest_batch=info.largest_batch,
        photos_per_second=round(info.photos_per_second, 1),
        seconds=round(seconds, 1),
    )


class _LogCapture(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _captured_log() -> Iterator[list[str]]:
    """Captures the messages that the engine logs within the block."""
    capture, log = _LogCapture(), logging.getLogger("service.engine")
    level = log.level
    log.addHandler(capture)
    log.setLevel(logging.INFO)
    try:
        yield capture.lines
    finally:
        log.removeHandler(capture)
        log.setLevel(level)


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    """Those of the distributions that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
