"""Without ONNX Runtime, an extra of the installation, every command does what it can, and names the extra."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from service.engine.errors import StartError
from service.engine.model.runtime import onnx_runtime
from tests.helpers.cli_runs import Run

WITHOUT = "import sys; sys.modules['onnxruntime'] = None; from service.cli import app; app(sys.argv[1:])"
"""A program in which importing ONNX Runtime fails as if it were not there."""


def run_without(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, timeout=120, env=os.environ | {"COLUMNS": "200"})


def test_the_version_needs_no_runtime() -> None:
    assert run_without("--version").returncode == 0


@pytest.mark.parametrize("command", ["parse", "serve", "doctor", "bulk"])
def test_help_needs_no_runtime(command: str) -> None:
    ended = run_without(command, "--help")
    assert ended.returncode == 0, ended.stderr
    assert "Usage" in ended.stdout


def test_a_service_answers_without_one(client: httpx.Client, photo: Path, tmp_path: Path) -> None:
    for command, form in (("parse", "mask"), ("parse", "labelme"), ("pose", "openpose"), ("pose", "coco")):
        arguments = [photo, "--out", tmp_path / form, "--format", form, "--server", client.base_url]
        ended = run_without(command, *arguments)
        assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("arguments", [("parse", "PHOTO", "--out", "OUT"), ("serve",)])
def test_what_needs_one_names_the_extra(photo: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    places = {"PHOTO": photo, "OUT": tmp_path / "out"}
    ended = run_without(*(places.get(argument, argument) for argument in arguments))
    assert ended.returncode == 1
    assert "jppnet cannot start: ONNX Runtime, which runs the model, is not installed" in ended.stderr
    assert "pip install '.[cpu]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_doctor_says_all_that_it_can() -> None:
    ended = run_without("doctor")
    assert ended.returncode == 1
    assert "provider   auto was asked for; installed: none" in ended.stdout
    assert "ERROR      ONNX Runtime, which runs the model, is not installed" in ended.stdout
    assert "numpy" in ended.stdout
    assert ended.stderr == ""


@pytest.fixture
def _no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ONNX Runtime in this process."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    onnx_runtime.cache_clear()


@pytest.mark.usefixtures("_no_runtime")
def test_doctor_names_the_extra_that_is_missing(run: Run) -> None:
    result = run("doctor", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["ok"], said["providers"]) == (1, False, [])
    assert said["error"].startswith("ONNX Runtime, which runs the model, is not installed.")
    assert "pip install '.[cpu]'" in said["error"]
    text = run("doctor").stdout
    assert "auto was asked for; installed: none" in text or "cpu was asked for; installed: none" in text


@pytest.mark.usefixtures("_no_runtime")
@pytest.mark.parametrize("command", ["parse", "pose", "analyze"])
def test_a_command_that_runs_the_model_says_it_in_a_sentence(
    run: Run, album: Path, tmp_path: Path, command: str
) -> None:
    result = run(command, album, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "pip install '.[cpu]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_runtime_that_cannot_be_loaded_is_no_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    onnx_runtime.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    with pytest.raises(StartError, match="installation is damaged: uninstall all kinds of it first"):
        onnx_runtime()
