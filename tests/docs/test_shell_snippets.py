"""Every command of the docs' shell blocks runs as written, but for those that shell_blocks.py leaves out by name."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import SecretStr

from service.engine.engine import Engine
from service.settings import MODELS, Settings
from tests.docs.shell_blocks import LEFT_OUT, PAGES, ROOT, commands, to_run
from tests.helpers.serving import serving

PHOTOS = ("export/astronaut.jpg", "docs/images/group-photo.jpg")
OWN_LABELS = "docs/train-your-own-labels.md"
LINKED = (
    "Makefile",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements",
    "training",
    "export",
    "service",
    "clients",
)
# pip only looks whether all of it is there, as it is; test_client_alone.py installs the client anew.
SHELL = """
set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body "$@"; }
pip() { .venv/bin/python -m pip "$@" --dry-run; }
"""
LONGEST = "600"
"""Seconds for a command."""


def test_what_is_left_out_is_in_the_docs() -> None:
    """Whatever else a page shows is run: a new command is run, or left out by name and with a reason."""
    for page, reasons in LEFT_OUT.items():
        for start in reasons:
            assert any(command.startswith(start) for command in commands(page)), f"{page}: {start}"


def test_no_other_fence_hides_a_command_from_the_tests() -> None:
    for page in PAGES:
        languages = set(re.findall(r"^ *```(\w+)$", (ROOT / page).read_text(), re.MULTILINE))
        assert languages <= {"sh", "python", "toml", "json", "yaml", "html", "js", "ts", "tsx", "vue"}, page


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in which everything is installed, with photos, a COCO annotation file, and files of one's own."""
    clone = tmp_path / "project"
    for photo in PHOTOS:
        for copy in (photo, f"photos/{Path(photo).name}"):
            (clone / copy).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / photo, clone / copy)
    images = [{"id": number, "file_name": file.name} for number, file in enumerate((clone / "photos").iterdir(), 7)]
    (clone / "annotations.json").write_text(json.dumps({"images": images}))
    (clone / "models").mkdir()
    for name in ("model.onnx", "new.onnx"):
        shutil.copy(MODELS / "jppnet-lite.onnx", clone / name)
    installed = clone / ".venv/bin"
    installed.mkdir(parents=True)
    for name, arguments in {"jppnet": "-m service.cli", "python": ""}.items():
        (installed / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (installed / name).chmod(0o755)
    monkeypatch.chdir(clone)
    return clone


@pytest.fixture
def clone(folder: Path) -> Path:
    """The same, with what `make` and `pip` read."""
    for name in LINKED:
        place = folder / name
        if not place.exists():
            place.symlink_to(ROOT / name)
        elif place.is_dir():
            for inner in (ROOT / name).iterdir():
                if not (place / inner.name).exists():
                    (place / inner.name).symlink_to(inner)
    for step in ("service", "training", "dev"):  # in the order in which make installs them
        (folder / f".venv/{step}.done").touch()
    return folder


@pytest.fixture
def service(folder: Path) -> Iterator[str]:
    settings = Settings(
        model=folder / "model.onnx", provider="cpu", detector="jppnet-detect", lanes=1, threads=1, max_batch=1,
        admin_keys=[SecretStr("KEY")],
    )  # fmt: skip
    with serving(Engine.start(settings), settings) as client:
        yield f"localhost:{client.base_url.port}"


def write_own_data(folder: Path) -> None:
    """What somebody who trains on own labels has: files as the page shows them, and photos with masks, as many as a
    batch and ten for validation."""
    page = (ROOT / OWN_LABELS).read_text()
    (script,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    labels, card = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for name, content in {"my_data.py": script, "my_labels.toml": labels, "my_card.toml": card}.items():
        (folder / name).write_text(content)
    shutil.rmtree(folder / "photos")
    for kind in ("photos", "masks"):
        (folder / kind).mkdir()
    photo = cv2.resize(np.asarray(cv2.imread(str(ROOT / PHOTOS[0])), np.uint8), (192, 192))
    mask = np.zeros((192, 192), np.uint8)
    mask[20:60, 60:120], mask[90:190, 40:160] = 1, 2
    for number in range(26):
        cv2.imwrite(str(folder / f"photos/{number:02}.jpg"), photo)
        cv2.imwrite(str(folder / f"masks/{number:02}.png"), mask)


def export_from_cvat(folder: Path) -> None:
    """The folder that CVAT would give back: the file that it was given, and the photos."""
    shutil.copytree(folder / "photos", folder / "EXPORT/images")
    shutil.copy(folder / "cvat/cvat.annotations.xml", folder / "EXPORT/annotations.xml")


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)])
def test_every_command_runs(page: str, service: str, clone: Path) -> None:
    if page == OWN_LABELS:
        write_own_data(clone)
    if page == "docs/frontends.md":  # a project beside a copy of the repository
        (clone / "jppnet").symlink_to(copy_of_the_client(clone.parent / "jppnet"))
        (clone / "package.json").write_text("{}")
    for command in to_run(page):
        if "EXPORT" in command:
            export_from_cvat(clone)
        run(command.replace("localhost:8000", service), clone)
        for file in re.findall(r"(?:-o|--out|>) ([\w./]+)", command):
            written = clone / file
            assert written.is_file() or any(written.iterdir()), command


def copy_of_the_client(copy: Path) -> Path:
    """A copy of the repository, as far as the JavaScript client needs it."""
    without = shutil.ignore_patterns("node_modules", "build", "dist")
    shutil.copytree(ROOT / "clients/js", copy / "clients/js", ignore=without)
    return copy


def run(command: str, folder: Path) -> None:
    """Runs a command of a page; a service that it starts is ended when it is ready."""
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}", "JPPNET_LANES": "1", "JPPNET_THREADS": "1",
        "JPPNET_PORT": "0", "PORT": "0",
    }  # fmt: skip
    process = subprocess.Popen(
        ["timeout", LONGEST, "bash", "-c", SHELL + command], cwd=folder, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if "running on http" in line:
            os.killpg(process.pid, signal.SIGINT)
    ended = process.wait()
    assert ended == 0 or "running on http" in said, f"{command}\n{said}"
