"""The distribution jppnet-client, installed alone."""

import os
import subprocess
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text())["project"]
SERVICE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MOST_MEGABYTES = 40
"""Of the files that an installation downloads, dependencies included."""


def test_the_service_depends_on_all_that_its_client_needs() -> None:
    assert set(CLIENT["dependencies"]) <= set(SERVICE["dependencies"])
    assert CLIENT["requires-python"] == SERVICE["requires-python"]


def test_its_licence_is_the_project_s() -> None:
    assert (ROOT / "clients/python/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.slow
def test_it_is_small_and_runs_without_the_service(tmp_path: Path, service: str) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin/python"

    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments: str | Path) -> str:
        done = subprocess.run([python, *arguments], cwd=tmp_path, env=own, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    wheels = tmp_path / "wheels"
    run("-m", "pip", "wheel", "--quiet", "--wheel-dir", wheels, ROOT / "clients/python")
    files = {file.name.partition("-")[0]: file.stat().st_size for file in wheels.iterdir()}
    assert "jppnet_client" in files
    assert not {"opencv_python_headless", "fastapi", "onnxruntime"} & set(files)
    assert sum(files.values()) < MOST_MEGABYTES * 1e6, files
    assert files["jppnet_client"] < 100_000

    run("-m", "pip", "install", "--quiet", "--no-index", "--find-links", wheels, "jppnet-client")
    program = (
        "import jppnet, numpy; "
        f"answer = jppnet.Client({service!r}).analyze(numpy.full((64, 48, 3), 90, numpy.uint8)); "
        "print(answer.model, answer.mask.shape, len(answer._repr_png_()) > 0)"
    )
    assert run("-c", program) == "toy (64, 48) True\n"
    no_predictor = [python, "-c", "import jppnet; jppnet.Predictor"]
    done = subprocess.run(no_predictor, cwd=tmp_path, env=own, capture_output=True, text=True)
    assert "ImportError: The package “service” of jppnet is not installed" in done.stderr
