"""``jppnet parse --format labelme`` and ``cvat``: files for correcting masks by hand, here and by a service."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from tests.helpers.cli_runs import Run, files_below
from tests.helpers.masks import ids_of
from tests.helpers.toy_model import LABELS


@pytest.fixture(params=["here", "there"])
def server(request: pytest.FixtureRequest, client: httpx.Client) -> list[str]:
    return ["--server", str(client.base_url)] if request.param == "there" else []


def test_labelmes_file_names_its_photo_and_gives_the_mask(
    run: Run, client: httpx.Client, album: Path, tmp_path: Path, server: list[str]
) -> None:
    out = tmp_path / "out"
    assert run("parse", album, "--out", out, "--format", "labelme", *server).exit_code == 1  # one is broken
    assert files_below(out) == ["failed.tsv", "more/two.json", "one.json"]
    content = json.loads((out / "more" / "two.json").read_text())
    assert (out / "more" / content["imagePath"]).resolve() == album / "more" / "two.PNG"
    truth = ids_of(client.post("/parse", content=(album / "more" / "two.PNG").read_bytes()).content)
    assert (content["imageHeight"], content["imageWidth"]) == truth.shape
    drawn = np.zeros_like(truth)
    for shape in content["shapes"]:
        cv2.fillPoly(drawn, [np.rint(shape["points"]).astype(np.int32)], LABELS.index(shape["label"]))
    assert (drawn != truth).mean() < 0.002


def test_cvats_file_has_all_photos_and_labels(run: Run, album: Path, tmp_path: Path, server: list[str]) -> None:
    out = tmp_path / "out"
    assert run("parse", album, "--out", out, "--format", "cvat", *server).exit_code == 1
    assert files_below(out) == ["cvat.annotations.xml", "failed.tsv", "more/two.xml", "one.xml"]
    root = ET.parse(out / "cvat.annotations.xml").getroot()
    assert root.findtext("version") == "1.1"
    assert [label.findtext("name") for label in root.iter("label")] == list(LABELS)
    assert [(image.get("id"), image.get("name")) for image in root.iter("image")] == [
        ("0", "more/two.PNG"),
        ("1", "one.jpg"),
    ]
    (mask,) = next(root.iter("image")).iterfind("mask")
    assert (mask.get("label"), mask.get("left"), mask.get("top")) == ("shirt", "40", "80")


def test_one_photo_in_a_pipe_is_converted_too(run: Run, photo: Path, server: list[str]) -> None:
    result = run("parse", photo, "--out", "-", "--format", "labelme", *server)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["imagePath"] == "one.jpg"
