"""Which photos ``jppnet`` takes, and where each answer is written; what cannot be is said before the model loads."""

import errno
import os
from pathlib import Path

import pytest

from service.cli.files import PlanError, Task, plan_tasks
from tests.helpers.cli_runs import PHOTO, Run
from tests.helpers.toy_model import jpeg, png


@pytest.mark.parametrize(
    ("pattern", "answers"),
    [
        ("*.jpg", ["cut.json", "one.json"]),
        ("**/*", ["cut.json", "more/two.json", "one.json"]),
        ("**", ["cut.json", "more/two.json", "one.json"]),
        ("m*/*", ["more/two.json"]),
        ("[a-m]*/t?o.PNG", ["more/two.json"]),
    ],
)
def test_a_pattern_keeps_the_structure_below_its_first_sign(album: Path, pattern: str, answers: list[str]) -> None:
    tasks = plan_tasks([album / pattern], Path("out"), ".json").tasks
    assert sorted(str(task.answer) for task in tasks) == [f"out/{answer}" for answer in answers]


def test_a_folder_whose_name_looks_like_a_pattern_is_that_folder(tmp_path: Path) -> None:
    photo = tmp_path / "2024 [raw]" / "day?" / "a.jpg"
    photo.parent.mkdir(parents=True)
    photo.touch()
    for pattern in ("2024 [raw]/day?/*.jpg", "2024 [raw]/*/a.jpg", "2024 [raw]/**"):
        assert [task.photo for task in plan_tasks([tmp_path / pattern], Path("out"), ".json").tasks] == [photo]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    photo = tmp_path / "one [1].jpg"
    photo.write_bytes(b"")
    tasks = plan_tasks([photo], Path("out"), ".json").tasks
    assert tasks == [Task(photo, Path("out/one [1].json"), Path("one [1].jpg"))]


def test_answers_within_the_folder_of_photos_are_no_photos(album: Path) -> None:
    before = plan_tasks([album], album / "masks", ".png")
    (album / "masks").mkdir()
    (album / "masks" / "one.png").write_bytes(b"")
    assert plan_tasks([album], album / "masks", ".png") == before


@pytest.mark.parametrize(
    ("names", "out", "words"),
    [
        (["a.jpg", "other/a.jpg"], "out", "would both be answered in"),
        (["a.png"], ".", "would overwrite it"),
        (["*.webp"], "out", r"There is no photo .* at .*\*\.webp"),
        (["empty"], "out", "There is no photo .* at .*empty"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(tmp_path: Path, names: list[str], out: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    for name in ("a.jpg", "a.png", "other/a.jpg"):
        (tmp_path / name).write_bytes(png(PHOTO))
    with pytest.raises(PlanError, match=words):
        plan_tasks([tmp_path / name for name in names], tmp_path / out, ".png")


def test_a_photo_is_never_another_photos_answer(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg(PHOTO))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(tmp_path / "b.jpg")
    with pytest.raises(PlanError, match=r"a.jpg would overwrite .*b.jpg"):
        plan_tasks([tmp_path / "a.jpg", tmp_path / "b.jpg"], tmp_path / "out", ".png")


def test_a_plan_that_cannot_be_is_a_wrong_call(run: Run, tmp_path: Path) -> None:
    result = run("pose", tmp_path / "*.jpg", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "There is no photo" in result.stderr


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting one fails the test."""
    monkeypatch.setattr("service.cli.photos.start_engine", lambda _: pytest.fail("the model was loaded"))


@pytest.mark.usefixtures("no_engine")
def test_what_is_not_there_or_no_file_is_said_before_the_model_loads(run: Run, photo: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jpg")
    out = tmp_path / "out"
    for named, words in (
        ([tmp_path / "nowhere"], "There is nothing at"),
        ([photo, tmp_path / "nowhere/"], "There is nothing at"),
        ([tmp_path / "nowhere.jpg"], "There is nothing at"),
        ([tmp_path / "fifo.jpg"], "neither a file nor a folder"),
        ([Path("/dev/zero")], "neither a file nor a folder"),
    ):
        result = run("pose", *named, "--out", out)
        assert result.exit_code == 2
        assert words in result.stderr
        assert not out.exists()


@pytest.mark.usefixtures("no_engine")
def test_a_pipe_takes_one_answer(run: Run, photo: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "several").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "several" / name).write_bytes(photo.read_bytes())
    result = run("pose", tmp_path / "several", "--out", tmp_path / "fifo")
    assert result.exit_code == 2
    assert "is for one photo" in result.stderr


@pytest.mark.usefixtures("no_engine")
def test_a_folder_that_cannot_be_written_is_said_before_the_model_loads(
    run: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for out in (photo / "below", Path("/proc/here")):
        result = run("pose", photo, "--out", out)
        assert result.exit_code == 2
        assert f"Nothing can be written into {out}: " in result.stderr

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert "No space left on device" in run("pose", photo, "--out", tmp_path / "out").stderr
