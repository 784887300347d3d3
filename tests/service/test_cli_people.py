"""``jppnet`` answers for everybody in files' photos, as the service does: here and by a service."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from tests.helpers.toy_detector import Figure, draw

GROUP = draw(Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9), Figure(300, 60, 50, 120, 0.7))

Run = Callable[..., Result]
"""Runs ``jppnet`` with arguments, here or by a service."""


@pytest.fixture(params=["here", "there"])
def run(
    request: pytest.FixtureRequest,
    toy_path: Path,
    detector_path: Path,
    people: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Answers here, or by the server; there is no model here then."""
    is_here = request.param == "here"
    monkeypatch.setenv("JPPNET_MODEL", str(toy_path) if is_here else "nowhere.onnx")
    monkeypatch.setenv("JPPNET_DETECTOR", str(detector_path))
    monkeypatch.setenv("JPPNET_PROVIDER", "cpu")
    monkeypatch.setenv("JPPNET_LANES", "1")
    monkeypatch.setenv("JPPNET_MAX_BATCH", "1")
    server = [] if is_here else ["--server", str(people.base_url)]
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments), *server])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "000139.png"
    file.write_bytes(GROUP.png)
    return file


@pytest.mark.parametrize(
    ("command", "name", "suffix"),
    [
        ("parse", "instances", "png"),
        ("parse", "coco", "json"),
        ("parse", "json", "json"),
        ("parse", "overlay", "jpg"),
        ("pose", "json", "json"),
        ("pose", "coco", "json"),
        ("analyze", "json", "json"),
    ],
)
def test_everybodys_answer_is_the_services_own(
    run: Run, people: httpx.Client, photo: Path, tmp_path: Path, command: str, name: str, suffix: str
) -> None:
    options = {"format": name} | ({"image_id": 139} if name == "coco" else {})
    truth = people.post(f"/{command}", params=options, content=GROUP.png).content
    out = tmp_path / "out"
    result = run(command, photo, "--out", out, "--format", name)
    assert result.exit_code == 0, result.output
    assert (out / f"000139.{suffix}").read_bytes() == truth


def test_everybody_is_there_unless_somebody_says_otherwise(run: Run, photo: Path, tmp_path: Path) -> None:
    counts = {}
    for wish in (None, "auto", "one", "2", "9"):
        out = tmp_path / str(wish)
        options = [] if wish is None else ["--people", wish]
        assert run("pose", photo, "--out", out, *options).exit_code == 0
        counts[wish] = len(json.loads((out / "000139.json").read_text())["people"])
    assert counts == {None: 3, "auto": 3, "one": 1, "2": 2, "9": 3}


def test_instances_and_coco_name_the_same_people(run: Run, photo: Path, tmp_path: Path) -> None:
    assert run("parse", photo, "--out", tmp_path / "out", "--format", "instances").exit_code == 0
    assert run("parse", photo, "--out", tmp_path / "out", "--format", "coco").exit_code == 0
    plane = cv2.imread(str(tmp_path / "out" / "000139.png"), cv2.IMREAD_UNCHANGED)
    assert plane is not None
    results = json.loads((tmp_path / "out" / "000139.json").read_text())
    assert np.unique(plane).tolist() == [0, 1, 2, 3]
    assert [result["bbox"] for result in results] == [[150, 20, 80, 220], [20, 40, 60, 160], [300, 60, 50, 120]]
    assert {result["image_id"] for result in results} == {139}


@pytest.mark.parametrize("wish", ["everybody", "0", "-1", "1.5", ""])
def test_what_is_no_number_of_people_is_a_wrong_call(run: Run, photo: Path, tmp_path: Path, wish: str) -> None:
    result = run("analyze", photo, "--out", tmp_path / "out", f"--people={wish}")
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert f"“{wish}” is neither “auto”, “one” nor a number from 1" in said
    assert not (tmp_path / "out").exists()


def test_the_doctor_says_which_detector_there_is(
    toy_path: Path, detector_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPPNET_MODEL", str(toy_path))
    for variable in ("JPPNET_LANES", "JPPNET_MAX_BATCH"):
        monkeypatch.setenv(variable, "1")
    for file, words in (
        (str(detector_path), "toy-detect 0.1, fp32: everybody in a photo is looked for"),
        ("", "detector   none: one person is looked for in each photo"),
    ):
        monkeypatch.setenv("JPPNET_DETECTOR", file)
        result = CliRunner().invoke(app, ["doctor"])
        assert result.exit_code == 0
        assert words in result.stdout
    monkeypatch.setenv("JPPNET_DETECTOR", str(detector_path))
    said = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert said["detector_file"] == str(detector_path)
    assert said["detector_mb"] == round(detector_path.stat().st_size / 1e6, 1)
    assert said["started"]["detector"] == "toy-detect 0.1, fp32"
