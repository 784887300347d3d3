"""``jppnet doctor`` says what the service would run on, proves the model, and names what is missing for a GPU."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.cli.gpu import look_for_gpu
from tests.helpers.toy_model import toy_card, write_toy_model

CPU = {"onnxruntime": "1.32.0"}
GPU = {"onnxruntime-gpu": "1.31.0"}
DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12.2\n"


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("JPPNET_LANES", "1")
    monkeypatch.setenv("JPPNET_MAX_BATCH", "1")
    return lambda *arguments: CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def test_it_says_what_runs_where(doctor: Callable[..., Result], toy_path: Path) -> None:
    result = doctor("--model", toy_path, "--json")
    assert result.exit_code == 0
    said: dict[str, Any] = json.loads(result.stdout)
    assert said["ok"]
    assert said["error"] is None
    assert said["packages"]["numpy"] == np.__version__
    assert "CPUExecutionProvider" in said["providers"]
    started = said["started"]
    assert (started["model"], started["version"], started["labels"], started["joints"]) == ("toy", "1.2", 4, 3)
    assert (started["provider"], started["lanes"], started["largest_batch"]) == ("cpu", 1, 1)
    assert started["photos_per_second"] > 0
    assert any(line.startswith("provider auto chose cpu") for line in said["log"])


def test_people_can_read_it(doctor: Callable[..., Result], toy_path: Path) -> None:
    text = doctor("--model", toy_path).stdout
    for words in (
        "toy 1.2, fp32, input 48×64",
        "provider auto chose cpu",
        "came back right",
        "photos/s",
        "cores may be",
    ):
        assert words in text
    assert text.rstrip().endswith("the service starts here")


def test_a_golden_sample_that_comes_back_wrong_is_an_error(doctor: Callable[..., Result], tmp_path: Path) -> None:
    card = toy_card()
    card["golden"]["keypoints"][0][0] += 5.0
    result = doctor("--model", write_toy_model(tmp_path / "wrong.onnx", card))
    assert result.exit_code == 1
    assert "a joint lies 5.0 pixels from the golden sample's" in result.stdout
    assert "came back right" not in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "There is no model file at"), (b"no model", "cannot be opened")],
)
def test_a_start_that_fails_is_explained(
    doctor: Callable[..., Result], tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "model.onnx"
    if content is not None:
        file.write_bytes(content)
    result = doctor("--model", file, "--json")
    assert result.exit_code == 1
    assert words in json.loads(result.stdout)["error"]


def test_a_provider_that_is_not_installed_is_explained(doctor: Callable[..., Result], toy_path: Path) -> None:
    result = doctor("--model", toy_path, "--provider", "tensorrt")
    assert result.exit_code == 1
    assert "Provider “tensorrt” was asked for, but this installation of ONNX Runtime has only" in result.stdout


def host(root: Path, *, driver: bool = False, devices: int = 0, docker: bool = False) -> Path:
    """A file system as it looks on a host or in a container."""
    (root / "dev").mkdir()
    (root / "proc/driver/nvidia").mkdir(parents=True)
    if driver:
        (root / "proc/driver/nvidia/version").write_text(DRIVER)
    for number in range(devices):
        (root / f"dev/nvidia{number}").touch()
    (root / "dev/nvidiactl").touch()
    if docker:
        (root / ".dockerenv").touch()
    return root


def found(_: str) -> object:
    return object()


def not_found(name: str) -> object:
    raise OSError(f"{name}: cannot open shared object file")


def test_a_gpu_that_can_be_used(tmp_path: Path) -> None:
    gpu = look_for_gpu(GPU, host(tmp_path, driver=True, devices=2), found)
    assert (gpu.driver, gpu.devices, gpu.libcuda, gpu.missing) == (
        "550.54.15",
        ["/dev/nvidia0", "/dev/nvidia1"],
        True,
        [],
    )


@pytest.mark.parametrize(
    ("things", "load", "packages", "missing"),
    [
        ({}, not_found, CPU, ["No NVIDIA driver", "libcuda.so.1", "onnxruntime-gpu is not installed"]),
        ({"docker": True}, not_found, GPU, ["NVIDIA Container Toolkit", "Container Toolkit brings it"]),
        ({"driver": True}, found, GPU, ["no GPU is"]),
        ({"driver": True, "devices": 1}, found, CPU, ["onnxruntime-gpu is not installed"]),
        ({"driver": True, "devices": 1}, found, CPU | GPU, ["onnxruntime hides onnxruntime-gpu"]),
        ({"driver": True, "devices": 1, "docker": True}, not_found, GPU, ["Container Toolkit brings it"]),
    ],
)
def test_what_is_missing_for_a_gpu_is_named(
    tmp_path: Path,
    things: dict[str, Any],
    load: Callable[[str], object],
    packages: dict[str, str],
    missing: list[str],
) -> None:
    gpu = look_for_gpu(packages, host(tmp_path, **things), load)
    assert len(gpu.missing) == len(missing)
    assert all(words in sentence for words, sentence in zip(missing, gpu.missing, strict=True))
