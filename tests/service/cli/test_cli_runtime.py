"""Without ONNX Runtime, an extra of the installation, every command does what it can, and names the extra."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

WITHOUT = "import sys; sys.modules['onnxruntime'] = None; from service.cli import app; app(sys.argv[1:])"
"""A program in which importing ONNX Runtime fails as if it were not there."""


def run_without(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, timeout=120, env=os.environ | {"COLUMNS": "200"})


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
