"""A training run's folder: its checkpoint, log and calibration."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.checkpoints.checkpoint import Checkpoint, load_checkpoint
from training.checkpoints.digest import file_sha256
from training.errors.input_error import InputError
from training.evaluation.reliability_report import ReliabilityReport
from training.reporting.plots import Log


@dataclass(frozen=True)
class Run:
    """A training run, read from its folder."""

    name: str
    checkpoint: Checkpoint
    log: Log
    calibration: dict[str, Any] | None
    """As ``training.calibrate --out`` wrote it."""

    @property
    def before_and_after(self) -> tuple[ReliabilityReport, ReliabilityReport]:
        """Reliability before and after calibration."""
        assert self.calibration is not None
        return ReliabilityReport.read(self.calibration["before"]), ReliabilityReport.read(self.calibration["after"])


def read_run(folder: Path) -> Run:
    """Read a run's folder.

    Raises FileNotFoundError where there is no ``best.pt`` yet, InputError where the calibration is of another
    checkpoint.
    """
    written = folder / "log.jsonl"
    log = [json.loads(line) for line in written.read_text().splitlines()] if written.exists() else []
    measured = folder / "calibration.json"
    calibration = json.loads(measured.read_text()) if measured.exists() else None
    if calibration and calibration["checkpoint"] != file_sha256(folder / "best.pt"):
        raise InputError(
            f"{measured} was measured on other weights than {folder / 'best.pt'}: training.calibrate again"
        )
    return Run(folder.resolve().name, load_checkpoint(folder / "best.pt"), log, calibration)
