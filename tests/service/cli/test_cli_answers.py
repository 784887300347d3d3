"""``jppnet parse``, ``pose`` and ``analyze`` write what the service answers, from a model here or through a service."""

import json
import os
from pathlib import Path

import cv2
import httpx
import pytest

from tests.helpers.cli_runs import PHOTO, Run, files_below
from tests.helpers.toy_model import COLORS, jpeg


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
    *((command, name, "_keypoints.json") for command in ("pose", "analyze") for name in ("openpose", "openpose-18")),
    ("parse", "coco", ".json"),
    ("analyze", "json", ".json"),
]


@pytest.mark.parametrize(("command", "name", "suffix"), EVERY_FORMAT)
def test_every_format_is_the_services_own_answer(
    run: Run, client: httpx.Client, tmp_path: Path, command: str, name: str, suffix: str
) -> None:
    photo = tmp_path / "000139.jpg"
    photo.write_bytes(jpeg(PHOTO))
    parameters = {"format": name} | ({"image_id": 139} if name == "coco" else {})
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


def test_a_label_that_the_model_does_not_know_is_named(run: Run, photo: Path, tmp_path: Path) -> None:
    here = run("parse", photo, "--out", tmp_path / "out", "--labels", "beard")
    assert here.exit_code == 2
    assert "There is no label “beard”. The labels are background" in here.stderr


def test_a_missing_file_does_not_end_the_run(run: Run, photo: Path, tmp_path: Path) -> None:
    result = run("pose", tmp_path / "nowhere.jpg", photo, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "nowhere.jpg: " in result.stderr
    assert (tmp_path / "out" / "one.json").is_file()


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
