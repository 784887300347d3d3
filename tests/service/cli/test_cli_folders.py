"""Folders as people have them: links, HEIC, macOS' own files, photos of the same name; and what is said of them."""

from pathlib import Path

import pytest

from service.cli.files import PlanError, plan_tasks
from tests.helpers.cli_runs import PHOTO, Run, files_below
from tests.helpers.toy_model import jpeg, png

OUT = Path("out")


def answers(folder: Path, suffix: str = ".json") -> dict[str, str]:
    """Photo → answer, as names within their folders."""
    tasks = plan_tasks([folder], OUT, suffix).tasks
    return {str(task.photo.relative_to(folder)): str(task.answer.relative_to(OUT)) for task in tasks}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def test_every_usual_suffix_of_a_photo_is_one(folder: Path) -> None:
    names = ["a.jpg", "b.JPEG", "c.jpe", "d.jfif", "e.png", "f.webp"]
    for name in names:
        (folder / name).touch()
    assert list(answers(folder)) == names


def test_photos_that_differ_in_their_suffix_alone_keep_it(folder: Path) -> None:
    for name in ("p.jpg", "p.png", "q.jpg", "q.jpg.png", "r.jpg", "more/p.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert answers(folder) == {
        "p.jpg": "p.jpg.json",
        "p.png": "p.png.json",
        "q.jpg": "q.json",
        "q.jpg.png": "q.jpg.json",
        "r.jpg": "r.json",
        "more/p.jpg": "more/p.json",
    }
    (folder / "q.png").touch()  # now q.jpg's answer would be that of q.jpg.png
    assert {name: answer for name, answer in answers(folder).items() if name.startswith("q")} == {
        "q.jpg": "q.jpg.json",
        "q.png": "q.png.json",
        "q.jpg.png": "q.jpg.png.json",
    }
    assert answers(folder, "_keypoints.json")["p.jpg"] == "p.jpg_keypoints.json"


def test_files_of_macos_are_no_photos(folder: Path) -> None:
    for name in ("a.jpg", "._a.jpg", ".DS_Store"):
        (folder / name).write_bytes(b"")
    assert list(answers(folder)) == ["a.jpg"]
    assert [task.photo.name for task in plan_tasks([folder / "*"], OUT, ".json").tasks] == ["a.jpg"]


def test_what_is_left_out_is_counted_and_named(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "one.jpg").write_bytes(jpeg(PHOTO))
    for name in ("a.BMP", "b.bmp", "c.bmp", "d.bmp", "e.tif", "notes.txt"):
        (folder / name).write_bytes(b"")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "two.png").write_bytes(png(PHOTO))
    (folder / "linked").symlink_to(elsewhere)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    result = run("pose", folder, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert f"4 .bmp files left out, which are not read: {folder / 'a.BMP'}, " in result.stderr
    assert "c.bmp and 1 more. Convert to JPEG or PNG." in result.stderr
    assert "1 .tif file left out, which is not read" in result.stderr
    assert f"1 linked folder left out: {folder / 'linked'}." in result.stderr
    assert f"1 path left out, which cannot be read: {folder / 'gone.jpg'}." in result.stderr
    assert "notes.txt" not in result.stderr
    assert files_below(tmp_path / "out") == ["one.json"]
    assert run("pose", folder / "linked", "--out", tmp_path / "more").exit_code == 0
    assert files_below(tmp_path / "more") == ["two.json"]
    assert run("pose", folder, "--out", tmp_path / "quiet", "--quiet").stderr == ""


def test_a_folder_of_nothing_else_says_so(folder: Path) -> None:
    (folder / "a.bmp").touch()
    with pytest.raises(PlanError, match=r"There is no photo .* 1 \.bmp file left out"):
        plan_tasks([folder], OUT, ".json")


def test_a_folder_that_is_linked_to_itself_ends(folder: Path) -> None:
    (folder / "a.jpg").touch()
    (folder / "circle").symlink_to(folder)
    assert list(answers(folder)) == ["a.jpg"]


def test_quiet_says_what_failed_and_nothing_else(run: Run, album: Path, tmp_path: Path) -> None:
    result = run("pose", album, "--out", tmp_path / "out", "-q")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{album / 'cut.jpg'}: The file is cut off")
