"""``jppnet bulk``: every photo has one answer, the service's, whoever is killed."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: make test-scale")

import pyarrow as pa
import pyarrow.parquet as pq

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.album import BROKEN, make_album
from tests.helpers.processes import Family, kill, wait_for
from tests.helpers.serving import serving
from tests.helpers.toy_model import jpeg, paint


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of all tables in a folder."""
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def labels_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What tables have of an answer's labels."""
    return [
        {key: label[key] for key in ("id", "name", "pixels", "share", "box", "confidence")}
        for label in answer["labels"]
    ]


def check(out: Path, album: Path, settings: Settings) -> None:
    """Every photo of the album has one answer, the service's, or is a failure if it is broken."""
    photos = {path.relative_to(album).as_posix() for path in album.rglob("*.jpg")}
    answers, failures = rows(out / "answers"), rows(out / "failures")
    assert sorted(row["path"] for row in answers) == sorted(photos - set(BROKEN))
    assert sorted(row["path"] for row in failures) == sorted(BROKEN)
    for row in failures:
        assert BROKEN[row["path"]] in row["error"]
    with serving(Engine.start(settings), settings) as client:
        for row in answers:
            served = client.post("/analyze", content=(album / row["path"]).read_bytes()).json()
            assert (row["width"], row["height"]) == (served["image"]["width"], served["image"]["height"])
            assert {"name": row["model"], "version": row["version"]} == served["model"]
            assert row["people"] == len(served["people"])
            assert row["labels"] == labels_of(served)
            mask = row["mask"] if "mask" in row else (out / "masks" / f"{row['path']}.png").read_bytes()
            assert mask == base64.b64decode(served["mask"])


def test_a_folder_is_answered_as_the_service_does_and_not_twice(
    family: Family, toy_settings: Settings, tmp_path: Path
) -> None:
    album, out = make_album(tmp_path / "album", 150), tmp_path / "out"
    said = family.run("bulk", album, "--out", out, status=1)
    assert "150 photos answered, 3 failed" in said
    check(out, album, toy_settings)
    written = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}
    assert "answered before" in family.run("bulk", album, "--out", out, status=1)
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()} == written

    table = next((out / "answers").iterdir())
    lost = {row["path"] for row in pq.read_table(table).to_pylist()}
    table.write_bytes(table.read_bytes()[:100])
    said = family.run("bulk", album, "--out", out, status=1)
    assert "1 tables were cut off or damaged" in said
    assert f"{len(lost)} photos answered, " in said
    check(out, album, toy_settings)

    (album / "new.jpg").write_bytes(jpeg(paint(90, 80, {2: (5, 5, 50, 50)})))
    assert "1 photos answered, 0 failed" in family.run("bulk", album, "--out", out, status=1)
    check(out, album, toy_settings)


def test_every_photo_has_one_answer_when_worker_and_driver_are_killed(
    family: Family, toy_settings: Settings, tmp_path: Path
) -> None:
    album, out = make_album(tmp_path / "album", 640, 1200, 900), tmp_path / "out"
    driver = family.jppnet("bulk", album, "--out", out)
    wait_for(lambda: list(out.glob("masks/**/*.png")))
    (worker, *_) = wait_for(lambda: family.members("MapWorker(Map(Worker))"))
    kill(worker)
    wait_for(lambda: worker not in family.members("MapWorker"))
    wait_for(lambda: len(list(out.glob("answers/*.parquet"))) >= 2)
    kill(driver.pid)
    driver.communicate(timeout=20)
    done = {row["path"] for row in rows(out / "answers")}
    assert 0 < len(done) < 640, "it was to be killed on the way"
    family.run("bulk", album, "--out", out, status=1)
    check(out, album, toy_settings)


def test_answers_among_the_photos_would_be_taken_for_photos(family: Family, tmp_path: Path) -> None:
    process = family.jppnet("bulk", make_album(tmp_path / "album", 2), "--out", tmp_path / "album" / "out")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--out lies within SOURCE" in said


def test_a_table_of_photos_is_answered_into_a_column(family: Family, toy_settings: Settings, tmp_path: Path) -> None:
    photos = [jpeg(paint(100 + number, 80, {1: (10, 10, 40, 40)})) for number in range(5)]
    photos[3] = photos[3][:500]
    images = [{"bytes": photo, "path": None} for photo in photos] + [None]  # as Hugging Face keeps them
    (tmp_path / "tables").mkdir()
    pq.write_table(pa.table({"image": images}), tmp_path / "tables" / "train.parquet", row_group_size=2)
    (tmp_path / "tables" / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    family.run("bulk", tmp_path / "tables", "--out", tmp_path / "out", "--masks", "column", status=1)
    answers = {row["path"]: row for row in rows(tmp_path / "out" / "answers")}
    assert sorted(answers) == [f"train.parquet/{row:09}" for row in (0, 1, 2, 4)]
    failures = {row["path"] for row in rows(tmp_path / "out" / "failures")}
    assert failures == {"train.parquet/000000003", "train.parquet/000000005", "broken.parquet"}
    with serving(Engine.start(toy_settings), toy_settings) as client:
        for row in (0, 1, 2, 4):
            assert answers[f"train.parquet/{row:09}"]["mask"] == client.post("/parse", content=photos[row]).content


def test_another_question_does_not_mix_with_the_answers_there_are(family: Family, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "job.json").write_text(json.dumps({"source": "elsewhere"}))
    (tmp_path / "one.jpg").write_bytes(jpeg(paint(90, 80, {})))
    process = family.jppnet("bulk", tmp_path / "one.jpg", "--out", tmp_path / "out")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "source was 'elsewhere'" in said
