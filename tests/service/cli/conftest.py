"""A command line with the toy model, and photos for it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from tests.helpers.cli_runs import PHOTO, Run
from tests.helpers.toy_model import jpeg, png


@pytest.fixture
def run(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("JPPNET_MODEL", str(toy_path))
    monkeypatch.setenv("JPPNET_PROVIDER", "cpu")
    monkeypatch.setenv("JPPNET_LANES", "1")
    monkeypatch.setenv("JPPNET_MAX_BATCH", "1")
    monkeypatch.setenv("JPPNET_CLOSER_LOOK", "false")  # as the server whose answers it is compared with
    handler = signal.getsignal(signal.SIGTERM)  # ``serve`` sets its own, for the whole process
    yield lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with two photos, one of them in a folder of its own, a broken one and a text."""
    folder = tmp_path / "album"
    (folder / "more").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(jpeg(PHOTO))
    (folder / "more" / "two.PNG").write_bytes(png(PHOTO))
    (folder / "cut.jpg").write_bytes(jpeg(PHOTO)[:700])
    (folder / "notes.txt").write_text("no photo")
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "one.jpg"
    file.write_bytes(jpeg(PHOTO))
    return file
