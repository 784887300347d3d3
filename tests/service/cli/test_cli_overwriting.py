"""``jppnet`` overwrites only files that it wrote itself and that were not changed since."""

import json
from pathlib import Path

import pytest

from service.cli.write_record import RECORD, WriteRecord
from tests.helpers.cli_runs import PHOTO, Run
from tests.helpers.toy_model import jpeg, png


def test_what_was_written_is_known_again_whatever_it_is_called(tmp_path: Path) -> None:
    written = WriteRecord.read(tmp_path)
    names = ["plain.png", "a/b.png", "a\tb\nc\\n.png", "\udcff.png"]
    for name in names:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        written.add(file, b"answer")
        file.write_bytes(b"answer")
    with (tmp_path / RECORD).open("ab") as record:
        record.write(b"a line that is cut o")
    written = WriteRecord.read(tmp_path)
    written.add(tmp_path / "later.png", b"")
    again = WriteRecord.read(tmp_path)
    assert all(again.is_unchanged(tmp_path / name) for name in names)
    assert again.holds(tmp_path / "later.png")
    assert not again.holds(tmp_path / "other.png")


@pytest.mark.parametrize("options", [[], ["--overwrite"]])
def test_a_file_of_ones_own_is_not_taken_for_an_answer(run: Run, tmp_path: Path, options: list[str]) -> None:
    folder = tmp_path / "o"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(PHOTO))
    (folder / "a.png").write_bytes(png(PHOTO))
    (folder / "failed.tsv").write_text("mine")
    (folder / "b.jpg").write_bytes(jpeg(PHOTO))
    result = run("parse", folder / "a.jpg", folder / "b.jpg", "--out", folder, *options)
    assert result.exit_code == 1
    assert f"{folder / 'a.jpg'}: {folder / 'a.png'} is there, and this command did not write it." in result.stderr
    assert "1 of 2 photos answered; 1 failed, listed above." in result.stderr
    assert (folder / "a.png").read_bytes() == png(PHOTO)
    assert (folder / "failed.tsv").read_text() == "mine"
    assert (folder / "b.png").is_file()
    assert run("parse", folder / "b.jpg", "--out", folder, "--overwrite").exit_code == 0
    assert (folder / "failed.tsv").read_text() == "mine"


def test_an_answer_that_was_worked_on_since_is_left_alone(run: Run, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("parse", photo, "--out", out).exit_code == 0
    (out / "one.png").write_bytes(b"retouched by hand")
    assert "1 had their answer" in run("parse", photo, "--out", out).stderr
    result = run("parse", photo, "--out", out, "--overwrite")
    assert result.exit_code == 1
    assert "one.png was changed after it had been written" in result.stderr
    assert (out / "one.png").read_bytes() == b"retouched by hand"


@pytest.mark.parametrize("kind", ["photo", "link", "folder"])
def test_whatever_is_in_an_answers_place_stays(run: Run, photo: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    place = out / "one.png"
    {
        "photo": lambda: place.write_bytes(b"mine"),
        "link": lambda: place.symlink_to(tmp_path / "nowhere"),
        "folder": place.mkdir,
    }[kind]()
    assert run("parse", photo, "--out", out, "--overwrite").exit_code == 1
    assert (place.is_symlink(), place.is_dir(), place.is_file()) == (kind == "link", kind == "folder", kind == "photo")


def test_answers_of_another_kind_are_no_answers(run: Run, album: Path, tmp_path: Path) -> None:
    """They have the same names, and would stand for what was asked for now."""
    out = tmp_path / "out"
    (album / "cut.jpg").unlink()
    assert run("pose", album, "--out", out).exit_code == 0
    before = {file: file.read_bytes() for file in out.rglob("*.json")}
    for other in (["analyze"], ["pose", "--format", "coco"], ["parse", "--format", "labelme"]):
        result = run(*other, album, "--out", out)
        assert result.exit_code == 1
        assert "is the answer of “pose json”. Name another folder" in result.stderr
    assert {file: file.read_bytes() for file in before} == before
    assert run("pose", album, "--out", out).exit_code == 0
    assert run("analyze", album, "--out", out, "--overwrite").exit_code == 0
    assert all("mask" in json.loads(file.read_text()) for file in before)
