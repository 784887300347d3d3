"""Which photos of an address are meant, and which of them are still to be answered."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="Ray is not installed: make test-scale")

import pyarrow as pa
import pyarrow.parquet as pq

from service.scale.bulk.archive import Archive
from service.scale.bulk.place import Place, PlaceError, public
from service.scale.bulk.rows import ANSWER
from service.scale.bulk.source import SHARD, Shard, Source


def photos(address: object) -> list[str]:
    """The photos that an address means."""
    return [photo for shard in Source.open(str(address), "image").shards() for photo in shard.photos]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a/2.PNG", "a/1.webp", "a.jpg", "a/deep/er/3.jpeg", "notes.txt", "a/list.csv"):
        file = tmp_path / "album" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "album"


def test_a_folder_means_its_photos_in_the_order_of_their_paths(album: Path) -> None:
    assert photos(album) == sorted(["a.jpg", "a/1.webp", "a/2.PNG", "a/deep/er/3.jpeg", "b.jpg"])


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("*.jpg", ["a.jpg", "b.jpg"]),
        ("[!a].jpg", ["b.jpg"]),
        ("a/?.*", ["1.webp", "2.PNG"]),
        ("**/*.jp*g", ["a.jpg", "a/deep/er/3.jpeg", "b.jpg"]),
        ("*/list.csv", ["a/list.csv"]),
        ("b.jpg", ["b.jpg"]),
    ],
)
def test_a_glob_means_what_it_matches(
    album: Path, glob: str, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert photos(album / glob) == found
    monkeypatch.chdir(album)
    assert photos(glob) == found


def test_what_is_not_there_is_named(album: Path) -> None:
    with pytest.raises(PlaceError, match="neither photos nor"):
        Source.open(f"{album}/nowhere", "image")
    pq.write_table(pa.table({"picture": [b""], "id": [1]}), album / "0.parquet")
    with pytest.raises(PlaceError, match="no column “image”, only picture, id"):
        Source.open(f"{album}/0.parquet", "image")
    with pytest.raises(PlaceError, match="cannot be opened"):
        Place.open("gopher://hole/photos")


def test_addresses_are_noted_without_keys() -> None:
    assert public("s3://me:secret@shop/photos?endpoint_override=here") == "s3://shop/photos"


def test_only_photos_that_have_neither_answer_nor_failure_are_missing(tmp_path: Path) -> None:
    archive = Archive(Place.open(str(tmp_path)))
    first, second, third = (
        Shard(tuple(f"{group}/{number:03}.jpg" for number in range(SHARD))) for group in ("a", "b", "c")
    )
    assert list(archive.done().missing([first, second, third])) == [first, second, third]
    row = dict.fromkeys(ANSWER.names)
    answered = pa.Table.from_pylist([{**row, "path": photo} for photo in second.photos[1:]], ANSWER)
    archive.write(second, answered, [(second.photos[0], "cut off")])
    assert list(archive.done().missing([first, second, third])) == [first, third]
    wider = Shard(("b/!.jpg", *second.photos))
    assert list(archive.done().missing([wider])) == [Shard(("b/!.jpg",))]


def test_failures_of_a_shard_that_was_left_half_written_do_not_count(tmp_path: Path) -> None:
    archive, shard = Archive(Place.open(str(tmp_path))), Shard(("a.jpg",))
    archive.write(shard, ANSWER.empty_table(), [("a.jpg", "cut off")])
    for file in (tmp_path / "answers").iterdir():
        file.unlink()
    archive.tidy()
    assert list(archive.done().missing([shard])) == [shard]
    archive.write(shard, ANSWER.empty_table(), [("a.jpg", "cut off")])
    archive.tidy()
    assert list(archive.done().missing([shard])) == []
