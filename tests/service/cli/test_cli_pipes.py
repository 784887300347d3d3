"""One photo in a pipe: from standard input, to standard output, or from a file to a file."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from tests.helpers.cli_runs import PHOTO, Run, files_below
from tests.helpers.toy_model import jpeg

Pipe = Callable[..., Result]


@pytest.fixture
def pipe(run: Run) -> Pipe:
    """Runs ``jppnet`` with the photo on standard input."""
    return lambda *arguments: CliRunner().invoke(app, [str(it) for it in arguments], input=jpeg(PHOTO))


@pytest.mark.parametrize("place", ["here", "there"])
def test_a_photo_from_standard_input_is_answered_on_standard_output(
    pipe: Pipe, client: httpx.Client, place: str
) -> None:
    server = ["--server", client.base_url] if place == "there" else []
    truth = client.post("/parse", content=jpeg(PHOTO)).content
    for out in ([], ["--out", "-"]):
        result = pipe("parse", "-", *out, *server)
        assert result.exit_code == 0, result.stderr
        assert result.stdout_bytes == truth
        assert result.stderr == ""
    result = pipe("pose", "-", *server)
    assert result.stdout_bytes == client.post("/pose", content=jpeg(PHOTO)).content + b"\n"


def test_a_file_goes_to_standard_output_or_to_a_file(run: Run, photo: Path, client: httpx.Client) -> None:
    truth = client.post("/parse", content=photo.read_bytes()).content
    assert run("parse", photo, "--out", "-").stdout_bytes == truth
    mask = photo.with_name("mask.png")
    assert run("parse", photo, "--out", mask).exit_code == 0
    assert mask.read_bytes() == truth
    again = run("parse", photo, "--out", mask)
    assert again.exit_code == 2
    assert "mask.png is there" in again.stderr
    assert run("parse", photo, "--out", mask, "--overwrite").exit_code == 0


def test_standard_input_may_go_to_a_folder(pipe: Pipe, tmp_path: Path) -> None:
    assert pipe("pose", "-", "--out", tmp_path / "out").exit_code == 0
    assert files_below(tmp_path / "out") == ["stdin.json"]


def test_a_photo_that_cannot_be_answered_is_said_and_nothing_is_written(run: Run, photo: Path) -> None:
    result = CliRunner().invoke(app, ["parse", "-"], input=b"no photo")
    assert result.exit_code == 1
    assert result.stdout_bytes == b""
    assert "-: This is a text, “no photo”, and no picture" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-", "one.jpg"], "for one photo"),
        (["album", "--out", "-"], "for one photo"),
        (["one.jpg"], "--out FOLDER"),
        (["nowhere.jpg", "--out", "-"], "nowhere.jpg cannot be read: No such file"),
        (["one.jpg", "--out", "mask.jpg"], "This answer is a .png file, and mask.jpg is none"),
        (["one.jpg", "--out", "mask.json"], "another --format"),
        (["one.jpg", "--out", "mask.txt"], "mask.txt is none"),
        (["album", "--out", "mask.png"], "“mask.png” is for one photo"),
        (["one.jpg", "--out", "out", "--image-ids", "one.jpg"], "of --format coco alone"),
    ],
)
def test_what_cannot_be_is_said(
    run: Run, photo: Path, album: Path, arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    result = run("parse", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_an_overlay_is_of_the_type_that_its_file_says(run: Run, photo: Path, client: httpx.Client) -> None:
    for name, media_type in {"overlay.png": "image/png", "overlay.JPEG": "image/jpeg"}.items():
        file = photo.with_name(name)
        assert run("parse", photo, "--format", "overlay", "--out", file).exit_code == 0
        truth = client.post("/parse?format=overlay", content=photo.read_bytes(), headers={"Accept": media_type})
        assert file.read_bytes() == truth.content


def test_an_answer_may_go_to_a_device(run: Run, photo: Path) -> None:
    assert run("parse", photo, "--out", "/dev/null").exit_code == 0
    full = run("parse", photo, "--out", "/dev/full")
    assert (full.exit_code, full.stderr) == (2, "/dev/full cannot be written: No space left on device.\n")


def test_an_empty_server_is_no_server(run: Run, photo: Path) -> None:
    result = run("parse", photo, "--out", "-", "--server", "")
    assert (result.exit_code, result.stdout_bytes) == (1, b"")
    assert "--server is empty" in result.stderr


def test_a_process_writes_the_answer_and_nothing_else(toy_path: Path, client: httpx.Client) -> None:
    """As in a shell: no line of a log, neither JSON nor other, comes before the answer."""
    program = [sys.executable, "-m", "service.cli", "parse", "-", "--model", str(toy_path), "--provider", "cpu"]
    environment = {"JPPNET_LANES": "1", "JPPNET_MAX_BATCH": "1", "JPPNET_CLOSER_LOOK": "false", "JPPNET_DETECTOR": ""}
    import os

    ended = subprocess.run(program, input=jpeg(PHOTO), capture_output=True, env=os.environ | environment, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == client.post("/parse", content=jpeg(PHOTO)).content
    assert ended.stderr == b""


def test_openpose_files_have_openposes_names(run: Run, photo: Path, tmp_path: Path) -> None:
    assert run("pose", photo, "--out", tmp_path / "out", "--format", "openpose").exit_code == 0
    assert files_below(tmp_path / "out") == ["one_keypoints.json"]
    assert json.loads((tmp_path / "out" / "one_keypoints.json").read_text())["version"] == 1.3
