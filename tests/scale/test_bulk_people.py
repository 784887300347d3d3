"""``jppnet bulk``: a row a person, the service's own, and none of them twice or lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: make test-scale")

import pyarrow.parquet as pq

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.plain_rle import decode
from tests.helpers.processes import Family
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw, toy_detector_card, write_toy_detector

LEFT, MIDDLE, RIGHT = Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9), Figure(300, 60, 50, 120, 0.7)
SCENES = {
    "group.png": draw(LEFT, MIDDLE, RIGHT),
    "nobody.png": draw(),
    "one.png": draw(MIDDLE),
    "two.png": draw(LEFT, RIGHT),
}
COUNTS = {"group.png": 3, "nobody.png": 0, "one.png": 1, "two.png": 2}


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of all tables in a folder."""
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.fixture(autouse=True)
def detector_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy detector, which programs use from now on."""
    path = write_toy_detector(tmp_path / "toy-detect.onnx", toy_detector_card())
    monkeypatch.setenv("JPPNET_DETECTOR", str(path))
    return path


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    for name, scene in SCENES.items():
        (folder / name).write_bytes(scene.png)
    return folder


@pytest.fixture
def served(toy_settings: Settings, detector_path: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """What a service answers to each photo."""
    settings = toy_settings.model_copy(update={"detector": detector_path})
    with serving(Engine.start(settings), settings) as client:
        yield {name: client.post("/analyze?mask=rle", content=scene.png).json() for name, scene in SCENES.items()}


def test_everybody_has_a_row_and_a_lost_table_is_found_again(
    family: Family, served: dict[str, dict[str, Any]], album: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    family.run("bulk", album, "--out", out)
    assert {row["path"]: row["people"] for row in rows(out / "answers")} == COUNTS
    people = rows(out / "people")
    assert [(row["path"], row["index"]) for row in people] == [
        (name, index) for name in sorted(COUNTS) for index in range(1, COUNTS[name] + 1)
    ]
    for row in people:
        (truth,) = (person for person in served[row["path"]]["people"] if person["index"] == row["index"])
        for key in ("box", "score", "keypoints", "rle"):
            assert row[key] == truth[key]
        assert [label["pixels"] for label in row["labels"]] == [label["pixels"] for label in truth["labels"]]
        assert decode(row["rle"]["counts"], *row["rle"]["size"]).sum() == sum(
            label["pixels"] for label in row["labels"]
        )

    (table,) = (out / "people").iterdir()
    table.write_bytes(table.read_bytes()[:100])
    said = family.run("bulk", album, "--out", out)
    assert "1 tables were cut off or damaged" in said
    assert rows(out / "people") == people
    assert {row["path"]: row["people"] for row in rows(out / "answers")} == COUNTS

    (answers,) = (out / "answers").iterdir()
    answers.unlink()  # as if the driver had been killed between the two tables
    family.run("bulk", album, "--out", out)
    assert rows(out / "people") == people


def test_one_person_is_looked_for_where_that_is_asked(
    family: Family, detector_path: Path, album: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    family.run("bulk", album, "--out", out, "--people", "one")
    assert json.loads((out / "job.json").read_text())["people"] == "one"
    found = {row["path"]: row for row in rows(out / "people")}
    assert sorted(found) == ["group.png", "one.png", "two.png"]
    assert {row["index"] for row in found.values()} == {1}
    assert found["group.png"]["labels"], "what is in the mask is the one person's"


def test_other_people_do_not_mix_with_those_there_are(
    family: Family, detector_path: Path, album: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    family.run("bulk", album, "--out", out, "--people", "2")
    job = json.loads((out / "job.json").read_text())
    assert (job["people"], job["detector"], job["detector_version"]) == ("2", "toy-detect", "0.1")
    assert max(row["people"] for row in rows(out / "answers")) == 2
    process = family.jppnet("bulk", album, "--out", out, "--people", "auto")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "people was '2' and is 'auto'" in said
