"""The command where something hides its package."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.helpers.cli_runs import Run

ROOT = Path(__file__).parents[3]


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
