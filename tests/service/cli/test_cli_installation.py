"""The command where ONNX Runtime is missing, and where something hides its package."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from service.engine.errors import StartError
from service.engine.model.runtime import onnx_runtime
from tests.helpers.cli_runs import PHOTO, Run, files_below
from tests.helpers.toy_model import jpeg

ROOT = Path(__file__).parents[3]


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


def test_a_service_elsewhere_answers_without_one(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg(PHOTO))
    program = """
import sys
sys.modules["onnxruntime"] = None
from service.cli import app
app()
"""
    command = ["pose", "photo.jpg", "--out", "out", "--server", str(client.base_url)]
    for arguments in (["--version"], ["serve", "--help"], command):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    assert files_below(tmp_path / "out") == ["photo.json"]


def test_the_command_says_what_hides_it(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", "from jppnet.installation import main; main()", "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"jppnet cannot start: {tmp_path}/service hides the package “service” of jppnet")
    assert "Traceback" not in done.stderr


def test_the_command_is_that_one() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"jppnet": "jppnet.installation:main"}


@pytest.mark.parametrize("name", ["service", "training", "export"])
def test_what_hides_a_package_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    program = f"""
from jppnet.installation import hidden
print(hidden("{name}"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{tmp_path / name} hides the package “{name}” of jppnet, which is at {ROOT / name}")


def test_doctor_says_what_hides_a_package(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "export.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "export", raising=False)
    assert f"{tmp_path}/export.py hides the package “export” of jppnet" in run("doctor").stdout
