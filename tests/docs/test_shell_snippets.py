"""Every command of README.md and docs/quickstart.md runs as written, but for those that install, start or train."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.serving import serving

ROOT = Path(__file__).parents[2]
STARTS = ("make ", "docker ", ".venv/bin/python -m ")
"""How the commands begin that install, serve or train: their own tests run them."""
SHELL = """
set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body "$@"; }
"""

pytestmark = pytest.mark.slow


def commands(page: str) -> list[str]:
    """The commands of a page's shell blocks; a line that ends with a backslash goes on."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", "\\\0").splitlines()
    return [line.replace("\0", "\n") for line in lines if line and not line.startswith(STARTS)]


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    settings = Settings(provider="cpu", detector="jppnet-detect", lanes=1, threads=1, max_batch=1)
    with serving(Engine.start(settings), settings) as client:
        yield f"localhost:{client.base_url.port}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone, as far as the commands name it, with photos and a COCO annotation file."""
    for photo in ("export/astronaut.jpg", "docs/images/group-photo.jpg"):
        for copy in (photo, f"photos/{Path(photo).name}"):
            (tmp_path / copy).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / photo, tmp_path / copy)
    images = [{"id": number, "file_name": file.name} for number, file in enumerate((tmp_path / "photos").iterdir(), 7)]
    (tmp_path / "annotations.json").write_text(json.dumps({"images": images}))
    jppnet = tmp_path / ".venv/bin/jppnet"
    jppnet.parent.mkdir(parents=True)
    jppnet.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service.cli "$@"\n')
    jppnet.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_every_command_runs(page: str, service: str, folder: Path) -> None:
    shown = commands(page)
    assert shown
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}", "JPPNET_LANES": "1"}
    for command in shown:
        script = SHELL + command.replace("localhost:8000", service)
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, timeout=120)
        assert done.returncode == 0, f"{command}\n{done.stdout.decode(errors='replace')}{done.stderr.decode()}"
        for file in re.findall(r"(?:-o|--out|>) ([\w./]+)", command):
            written = folder / file
            assert written.is_file() or any(written.iterdir()), command
