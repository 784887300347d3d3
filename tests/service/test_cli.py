"""``jppnet`` answers for files, on this machine or by a service."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import httpx
import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.cli.files import PlanError, Task, plan_tasks
from service.cli.write_record import RECORD, WriteRecord
from tests.helpers.toy_model import COLORS, jpeg, paint, png

Run = Callable[..., Result]
"""Runs ``jppnet`` with arguments."""

PHOTO = paint(192, 256, {1: (40, 80, 80, 80)})


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


def files_below(folder: Path) -> list[str]:
    """But for the record of what was written."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != RECORD)
    return sorted(str(file.relative_to(folder)) for file in files)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "one.jpg"
    file.write_bytes(jpeg(PHOTO))
    return file


@pytest.fixture
def by_server(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that let the service answer; here there is no model to do it."""
    monkeypatch.setenv("JPPNET_MODEL", "nowhere.onnx")
    return ["--server", str(client.base_url)]


def test_parse_writes_a_mask_per_photo_and_lists_what_failed(run: Run, album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("parse", album, "--out", out)
    assert result.exit_code == 1
    assert f"{album / 'cut.jpg'}: The file is cut off" in result.stderr
    assert f"2 of 3 photos answered; 1 failed, listed in {out / 'failed.tsv'}." in result.stderr
    assert files_below(out) == ["failed.tsv", "more/two.png", "one.png"]
    assert (out / "failed.tsv").read_text().startswith(f"{album / 'cut.jpg'}\tThe file is cut off")
    mask = cv2.imread(str(out / "one.png"), cv2.IMREAD_COLOR_RGB)
    assert mask is not None
    assert mask[120, 80].tolist() == list(COLORS[1])
    assert mask[10, 10].tolist() == list(COLORS[0])


def test_a_run_goes_on_where_the_last_one_ended(run: Run, album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("pose", album, "--out", out).exit_code == 1
    before = (out / "more" / "two.json").stat()
    (album / "cut.jpg").write_bytes(jpeg(PHOTO))
    again = run("pose", album, "--out", out)
    assert again.exit_code == 0
    assert "1 of 3 photos answered; 2 had their answer (--overwrite makes them anew)." in again.stderr
    assert files_below(out) == ["cut.json", "more/two.json", "one.json"]  # nothing failed, so nothing is listed
    assert "0 of 3 photos answered; 3 had their answer" in run("pose", album, "--out", out).stderr
    assert (out / "more" / "two.json").stat() == before
    assert "3 of 3 photos answered." in run("pose", album, "--out", out, "--overwrite").stderr
    assert (out / "more" / "two.json").stat().st_ino != before.st_ino


def test_pose_and_analyze_write_json(run: Run, photo: Path, tmp_path: Path) -> None:
    for command, keys in (("pose", {"people"}), ("analyze", {"people", "labels", "mask"})):
        result = run(command, photo, "--out", tmp_path / command)
        assert result.exit_code == 0, result.output
        answer = json.loads((tmp_path / command / "one.json").read_text())
        assert keys <= set(answer)
        assert answer["people"][0]["keypoints"][0]["x"] == 79.5


EVERY_FORMAT = [
    *(("parse", name, ".png") for name in ("mask", "ids", "cutout")),
    *(("parse", name, ".json") for name in ("json", "hf")),
    *((command, "overlay", ".jpg") for command in ("parse", "pose", "analyze")),
    ("pose", "json", ".json"),
    ("pose", "coco", ".json"),
    ("analyze", "json", ".json"),
]


@pytest.mark.parametrize(("command", "name", "suffix"), EVERY_FORMAT)
def test_every_format_is_the_services_own_answer(
    run: Run, client: httpx.Client, tmp_path: Path, command: str, name: str, suffix: str
) -> None:
    photo = tmp_path / "000139.jpg"
    photo.write_bytes(jpeg(PHOTO))
    parameters = {"format": name, "image_id": 139, "mask": "png"}
    truth = client.post(f"/{command}", params=parameters, content=photo.read_bytes()).content
    for place in ("here", "there"):
        server = ["--server", client.base_url] if place == "there" else []
        result = run(command, photo, "--out", tmp_path / place, "--format", name, *server)
        assert result.exit_code == 0, result.output
        assert (tmp_path / place / f"000139{suffix}").read_bytes() == truth


def test_what_masks_and_overlays_are_made_of_can_be_chosen(
    run: Run, client: httpx.Client, photo: Path, tmp_path: Path
) -> None:
    for place, server in (("here", []), ("there", ["--server", client.base_url])):
        out = tmp_path / place
        assert run("parse", photo, "--out", out, "--format", "json", "--mask", "rle", *server).exit_code == 0
        assert "rle" in json.loads((out / "one.json").read_text())["labels"][0]
        assert run("parse", photo, "--out", out, "--format", "ids", "--labels", "hair,2", *server).exit_code == 0
        ids = cv2.imread(str(out / "one.png"), cv2.IMREAD_UNCHANGED)
        assert ids is not None
        assert not ids.any()
        options = ["--format", "overlay", "--opacity", "1", "--picture", "png", "--overwrite"]
        assert run("parse", photo, "--out", out, *options, *server).exit_code == 0
        overlay = cv2.imread(str(out / "one.png"), cv2.IMREAD_COLOR_RGB)
        assert overlay is not None
        assert overlay[120, 80].tolist() == list(COLORS[1])


def test_a_label_that_nobody_knows_ends_the_run(run: Run, by_server: list[str], photo: Path, tmp_path: Path) -> None:
    there = run("parse", photo, "--out", tmp_path / "out", "--labels", "beard", *by_server)
    assert there.exit_code == 1
    assert "There is no label “beard”. The labels are background" in there.stderr
    assert "1 left: the same command goes on" in there.stderr


def test_a_label_that_the_model_does_not_know_is_named(run: Run, photo: Path, tmp_path: Path) -> None:
    here = run("parse", photo, "--out", tmp_path / "out", "--labels", "beard")
    assert here.exit_code == 2
    assert "There is no label “beard”. The labels are background" in here.stderr


def test_a_service_answers_for_folders_too(run: Run, by_server: list[str], album: Path, tmp_path: Path) -> None:
    result = run("pose", album, "--out", tmp_path / "out", *by_server)
    assert result.exit_code == 1
    assert f"{album / 'cut.jpg'}: The file is cut off" in result.stderr
    assert files_below(tmp_path / "out") == ["failed.tsv", "more/two.json", "one.json"]


def test_a_service_that_is_not_there_is_said_once(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jppnet.retry.FIRST_WAIT", 60)  # longer than there is time for another try
    result = run("pose", album, "--out", tmp_path / "out", "--server", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.count("http://127.0.0.1:9 does not answer") == 1
    assert "0 of 3 photos answered; 3 left" in result.stderr


def test_a_missing_file_does_not_end_the_run(run: Run, photo: Path, tmp_path: Path) -> None:
    result = run("pose", tmp_path / "nowhere.jpg", photo, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "nowhere.jpg: " in result.stderr
    assert (tmp_path / "out" / "one.json").is_file()


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
    tasks = plan_tasks([album / pattern], Path("out"), ".json")
    assert sorted(str(task.answer) for task in tasks) == [f"out/{answer}" for answer in answers]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    photo = tmp_path / "one [1].jpg"
    photo.write_bytes(b"")
    assert plan_tasks([photo], Path("out"), ".json") == [Task(photo, Path("out/one [1].json"))]


def test_answers_within_the_folder_of_photos_are_no_photos(album: Path) -> None:
    before = plan_tasks([album], album / "masks", ".png")
    (album / "masks").mkdir()
    (album / "masks" / "one.png").write_bytes(b"")
    assert plan_tasks([album], album / "masks", ".png") == before


@pytest.mark.parametrize(
    ("names", "out", "words"),
    [
        (["a.jpg", "a.png"], "out", "would both be answered in"),
        (["a.png"], ".", "would overwrite it"),
        (["*.webp"], "out", r"There is no photo .* at .*\*\.webp"),
        (["empty"], "out", "There is no photo .* at .*empty"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(tmp_path: Path, names: list[str], out: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).write_bytes(png(PHOTO))
    with pytest.raises(PlanError, match=words):
        plan_tasks([tmp_path / name for name in names], tmp_path / out, ".png")


def test_a_plan_that_cannot_be_is_a_wrong_call(run: Run, tmp_path: Path) -> None:
    result = run("pose", tmp_path / "*.jpg", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "There is no photo" in result.stderr


def heed_ctrl_c() -> None:
    """For a child: a shell starts what it runs in the background, like these tests, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_a_run_with_whole_answers_and_the_next_goes_on(toy_path: Path, tmp_path: Path) -> None:
    """SIGINT once the first answer is there, in a run of many large photos."""
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    large = png(paint(1200, 1200, {1: (200, 200, 600, 600)}))
    for number in range(100):
        (album / f"{number}.png").write_bytes(large)
    program = [sys.executable, "-m", "service.cli", "parse", str(album), "--out", str(out), "--format", "cutout"]
    quick = {"JPPNET_PROVIDER": "cpu", "JPPNET_LANES": "1", "JPPNET_MAX_BATCH": "1"}
    environment = os.environ | quick | {"JPPNET_MODEL": str(toy_path)}
    process = subprocess.Popen(program, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c)
    try:
        until = time.monotonic() + 60
        while not list(out.glob("*.png")):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    answers = files_below(out)
    assert 0 < len(answers) < 100
    assert all(answer.endswith(".png") and cv2.imread(str(out / answer)) is not None for answer in answers)
    assert "of 100 photos answered" in said
    assert "left: the same command goes on with them." in said
    assert "Traceback" not in said


def test_a_start_that_fails_says_why(run: Run, tmp_path: Path) -> None:
    missing = run("serve", "--model", tmp_path / "nowhere.onnx")
    assert missing.exit_code == 1
    assert "jppnet cannot start: There is no model file at" in missing.stderr


def test_a_setting_that_is_wrong_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_MAX_PIXELS", "many")
    result = run("serve")
    assert result.exit_code == 2
    assert "JPPNET_MAX_PIXELS: Input should be a valid integer" in result.stderr


def test_a_photo_whose_name_is_no_text_is_answered_and_listed(run: Run, tmp_path: Path) -> None:
    """Names are bytes: some are no UTF-8, some hold what separates the rows and columns of the list."""
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    names = [b"caf\xe9.jpg", b"a\tb.jpg", b"a\nb.jpg", b"back\\slash.jpg", b"\x1b[31mred.jpg"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(album), name))).write_bytes(b"no photo")  # noqa: PTH118
    good = Path(os.fsdecode(os.fsencode(album) + b"/good\xff.jpg"))
    good.write_bytes(jpeg(PHOTO))
    result = run("pose", album, "--out", out)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "1 of 6 photos answered; 5 failed, listed in" in result.stderr
    assert "\x1b" not in result.stderr
    rows = [row.split(b"\t") for row in (out / "failed.tsv").read_bytes().splitlines()]
    listed = sorted(row[0].rpartition(b"/")[2] for row in rows)
    assert listed == sorted(
        [rb"caf" + b"\xe9.jpg", rb"a\tb.jpg", rb"a\nb.jpg", rb"back\\slash.jpg", b"\x1b[31mred.jpg"]
    )
    assert {len(row) for row in rows} == {2}
    assert Path(os.fsdecode(os.fsencode(out) + b"/good\xff.json")).is_file()
    assert "1 had their answer" in run("pose", album, "--out", out).stderr


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
def test_a_folder_that_cannot_be_written_is_said_before_the_model_loads(
    run: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for out in (tmp_path / "fifo", photo / "below", Path("/proc/here")):
        result = run("pose", photo, "--out", out)
        assert result.exit_code == 2
        assert f"Nothing can be written into {out}: " in result.stderr

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert "No space left on device" in run("pose", photo, "--out", tmp_path / "out").stderr


def test_a_disk_that_fills_up_ends_the_run_and_the_next_goes_on(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    (album / "cut.jpg").unlink()
    write = Path.write_bytes

    def full(file: Path, content: bytes) -> int:
        if out in file.parents:
            write(file, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        result = run("pose", album, "--out", out)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "cannot be written: No space left on device." in result.stderr
    assert "2 left: the same command goes on with them." in result.stderr
    assert files_below(out) == []
    assert run("pose", album, "--out", out).exit_code == 0


def test_a_photo_is_never_another_photos_answer(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg(PHOTO))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(tmp_path / "b.jpg")
    with pytest.raises(PlanError, match=r"a.jpg would overwrite .*b.jpg"):
        plan_tasks([tmp_path / "a.jpg", tmp_path / "b.jpg"], tmp_path / "out", ".png")


def test_what_is_no_service_is_said_once(run: Run, album: Path, client: httpx.Client, tmp_path: Path) -> None:
    for server, words in ((f"{client.base_url}/web", "Not Found"), ("ftp://here", "is no address of a service")):
        result = run("pose", album, "--out", tmp_path / "out", "--server", server)
        assert result.exit_code == 1
        assert result.stderr.count(words) == 1
        assert "0 of 3 photos answered; 3 left" in result.stderr
