"""``jppnet`` answers for files without a server."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from toy_model import COLORS, jpeg, paint, png
from typer.testing import CliRunner, Result

from service.cli import app

Run = Callable[..., Result]
"""Runs ``jppnet`` with arguments."""

PHOTO = paint(192, 256, {1: (40, 80, 80, 80)})


@pytest.fixture
def run(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("JPPNET_MODEL", str(toy_path))
    monkeypatch.setenv("JPPNET_PROVIDER", "cpu")
    monkeypatch.setenv("JPPNET_LANES", "1")
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


def test_parse_writes_a_mask_per_photo_and_names_what_failed(run: Run, album: Path, tmp_path: Path) -> None:
    result = run("parse", album, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert f"{album / 'cut.jpg'}: The file is cut off" in result.stderr
    assert "1 of 3 photos failed." in result.stderr
    written = sorted(
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()
    )
    assert written == ["more/two.png", "one.png"]
    mask = cv2.imread(str(tmp_path / "out" / "one.png"), cv2.IMREAD_COLOR_RGB)
    assert mask is not None
    assert mask[120, 80].tolist() == list(COLORS[1])
    assert mask[10, 10].tolist() == list(COLORS[0])


def test_pose_and_analyze_write_json(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "one.jpg"
    photo.write_bytes(jpeg(PHOTO))
    for command, keys in (("pose", {"people"}), ("analyze", {"people", "labels", "mask"})):
        result = run(command, photo, "--out", tmp_path / command)
        assert result.exit_code == 0, result.output
        answer = json.loads((tmp_path / command / "one.json").read_text())
        assert keys <= set(answer)
        assert answer["people"][0]["keypoints"][0]["x"] == 79.5


def test_a_missing_file_does_not_end_the_run(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "one.jpg"
    photo.write_bytes(jpeg(PHOTO))
    result = run("pose", tmp_path / "nowhere.jpg", photo, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "nowhere.jpg: " in result.stderr
    assert (tmp_path / "out" / "one.json").is_file()


def test_answers_never_overwrite_each_other(run: Run, tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).write_bytes(png(PHOTO))
    result = run("parse", tmp_path / "a.jpg", tmp_path / "a.png", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "would both be answered in" in result.stderr


def test_a_start_that_fails_says_why(run: Run, tmp_path: Path) -> None:
    missing = run("serve", "--model", tmp_path / "nowhere.onnx")
    assert missing.exit_code == 1
    assert "jppnet cannot start: There is no model file at" in missing.stderr


def test_a_setting_that_is_wrong_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_MAX_PIXELS", "many")
    result = run("serve")
    assert result.exit_code == 2
    assert "JPPNET_MAX_PIXELS: Input should be a valid integer" in result.stderr
