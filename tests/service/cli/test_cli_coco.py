"""COCO's results of a folder: every photo has an id of its own, and pycocotools takes one list of them all."""

import contextlib
import io
import json
from pathlib import Path

import httpx
import pytest
from pycocotools.coco import COCO

from service.cli.formats.coco import annotated_ids, ids_of
from service.cli.photo_search import PlanError
from tests.helpers.cli_runs import PHOTO, Run
from tests.helpers.toy_model import jpeg, paint, png


def ids(*names: str, **known: int) -> dict[str, int]:
    places = [Path(name) for name in names]
    before = {f"{name}.jpg": number for name, number in known.items()}
    return {place.stem: number for place, number in ids_of(places, before).items()}


def test_numbers_at_the_ends_of_names_are_ids() -> None:
    assert ids("000139.jpg", "IMG_0007.jpg", "a/b12.png") == {"000139": 139, "IMG_0007": 7, "b12": 12}


@pytest.mark.parametrize("names", [("a.jpg", "b1.jpg"), ("a1.jpg", "b1.jpg"), ("1.jpg", "9" * 30 + ".jpg")])
def test_without_such_numbers_photos_are_counted(names: tuple[str, str]) -> None:
    assert list(ids(*names).values()) == [1, 2]


def test_a_photo_keeps_its_id() -> None:
    assert ids("a.jpg", "b.jpg", "c.jpg", b=1) == {"a": 2, "b": 1, "c": 3}
    assert ids("x5.jpg", "x7.jpg", x5=5) == {"x5": 5, "x7": 7}


def test_an_annotation_file_gives_ids_by_path_or_name(tmp_path: Path) -> None:
    file = tmp_path / "annotations.json"
    images = [{"id": 42, "file_name": "a.jpg"}, {"id": 7, "file_name": "val/b.jpg"}, {"id": 8, "file_name": "x/b.jpg"}]
    file.write_text(json.dumps({"images": images}))
    first, second = Path("more/a.jpg"), Path("val/b.jpg")
    assert annotated_ids([first, second], file) == {first: 42, second: 7}
    with pytest.raises(PlanError, match=r"no id for 1 of 2 photos: c\.jpg"):
        annotated_ids([Path("a.jpg"), Path("c.jpg")], file)
    file.write_text("[]")
    with pytest.raises(PlanError, match="no COCO annotation file"):
        annotated_ids([Path("a.jpg")], file)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Photos whose names have no numbers: of one person, of another, and of nobody."""
    folder = tmp_path / "people"
    (folder / "more").mkdir(parents=True)
    (folder / "ann.jpg").write_bytes(jpeg(PHOTO))
    (folder / "more" / "bob.png").write_bytes(png(paint(192, 256, {1: (80, 80, 40, 80)})))
    (folder / "nobody.png").write_bytes(png(paint(192, 256, {})))
    return folder


@pytest.mark.parametrize("place", ["here", "there"])
@pytest.mark.parametrize("command", ["parse", "pose"])
def test_pycocotools_loads_the_one_list(
    run: Run, client: httpx.Client, people: Path, tmp_path: Path, command: str, place: str
) -> None:
    out = tmp_path / "out"
    server = ["--server", client.base_url] if place == "there" else []
    result = run(command, people, "--out", out, "--format", "coco", *server)
    assert result.exit_code == 0, result.stderr
    with contextlib.redirect_stdout(io.StringIO()):
        photos = COCO(str(out / "coco.images.json"))
        results = photos.loadRes(str(out / "coco.results.json"))
    names = {image["id"]: image["file_name"] for image in photos.imgs.values()}
    assert sorted(names.values()) == ["ann.jpg", "more/bob.png", "nobody.png"]
    found = [names[annotation["image_id"]] for annotation in results.anns.values()]
    assert found.count("ann.jpg") == found.count("more/bob.png") == 1
    if command == "parse":
        (number,) = (number for number, name in names.items() if name == "more/bob.png")
        (bob,) = results.loadAnns(results.getAnnIds(imgIds=[number]))
        assert results.annToMask(bob)[100, 100] == 1
        assert results.annToMask(bob)[100, 50] == 0


def test_a_run_that_goes_on_keeps_ids_and_joins_all(run: Run, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    bob = (people / "more" / "bob.png").rename(tmp_path / "bob.png")
    assert run("pose", people, "--out", out, "--format", "coco").exit_code == 0
    before = {image["file_name"]: image["id"] for image in json.loads((out / "coco.images.json").read_text())["images"]}
    (people / "aaa.png").write_bytes(bob.read_bytes())  # would be the first if photos were counted anew
    assert run("pose", people, "--out", out, "--format", "coco").exit_code == 0
    after = {image["file_name"]: image["id"] for image in json.loads((out / "coco.images.json").read_text())["images"]}
    assert before.items() <= after.items()
    assert len(set(after.values())) == 3
    results = json.loads((out / "coco.results.json").read_text())
    assert {result["image_id"] for result in results} == {after["ann.jpg"], after["aaa.png"]}


def test_answers_from_a_run_that_knew_no_ids_get_them(run: Run, people: Path, tmp_path: Path) -> None:
    """Until they were joined, every photo without a number had the id 0."""
    out = tmp_path / "out"
    assert run("pose", people, "--out", out, "--format", "coco").exit_code == 0
    results = json.loads((out / "coco.results.json").read_text())
    assert 0 not in {result["image_id"] for result in results}
    file = people.with_name("ids.json")
    names = ["ann.jpg", "bob.png", "nobody.png"]
    file.write_text(json.dumps({"images": [{"id": 100 + n, "file_name": name} for n, name in enumerate(names)]}))
    assert run("pose", people, "--out", out, "--format", "coco", "--image-ids", file).exit_code == 0
    results = json.loads((out / "coco.results.json").read_text())
    assert {result["image_id"] for result in results} == {100, 101}


def test_a_list_that_is_not_ours_is_left_alone(run: Run, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "coco.results.json").write_text("mine")
    result = run("pose", people, "--out", out, "--format", "coco")
    assert result.exit_code == 1
    assert "coco.results.json is there" in result.stderr
    assert (out / "coco.results.json").read_text() == "mine"
