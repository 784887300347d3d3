"""Which photos of an address are meant, and which of them are still to be answered."""

import os
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="Ray is not installed: make test-scale")

import pyarrow as pa
import pyarrow.parquet as pq

from service.scale.bulk.archive import Archive, Left
from service.scale.bulk.rows import ANSWER
from service.scale.bulk.source import SHARD, Shard, Source
from service.scale.bulk.storage import StorageError, StoragePath, public


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
    with pytest.raises(StorageError, match="neither photos nor"):
        Source.open(f"{album}/nowhere", "image")
    pq.write_table(pa.table({"picture": [b""], "id": [1]}), album / "0.parquet")
    with pytest.raises(StorageError, match="no column “image”, only picture, id"):
        Source.open(f"{album}/0.parquet", "image")
    with pytest.raises(StorageError, match="cannot be opened"):
        StoragePath.open("gopher://hole/photos")


def test_addresses_are_noted_without_keys() -> None:
    assert public("s3://me:secret@shop/photos?endpoint_override=here") == "s3://shop/photos"


def test_only_photos_that_have_neither_answer_nor_failure_are_missing(tmp_path: Path) -> None:
    archive = Archive(StoragePath.open(str(tmp_path)))
    first, second, third = (
        Shard(tuple(f"{group}/{number:03}.jpg" for number in range(SHARD))) for group in ("a", "b", "c")
    )
    assert list(archive.done().missing([first, second, third])) == [first, second, third]
    row = dict.fromkeys(ANSWER.names)
    answered = pa.Table.from_pylist([{**row, "path": photo} for photo in second.photos[1:]], ANSWER)
    archive.write(second, answered, [], [(second.photos[0], "cut off")])
    assert list(archive.done().missing([first, second, third])) == [first, third]
    wider = Shard(("b/!.jpg", *second.photos))
    assert list(archive.done().missing([wider])) == [Shard(("b/!.jpg",))]


def test_failures_of_a_shard_that_was_left_half_written_do_not_count(tmp_path: Path) -> None:
    archive, shard = Archive(StoragePath.open(str(tmp_path))), Shard(("a.jpg",))
    archive.write(shard, ANSWER.empty_table(), [], [("a.jpg", "cut off")])
    for file in (tmp_path / "answers").iterdir():
        file.unlink()
    archive.tidy()
    assert list(archive.done().missing([shard])) == [shard]
    archive.write(shard, ANSWER.empty_table(), [], [("a.jpg", "cut off")])
    archive.tidy()
    assert list(archive.done().missing([shard])) == []


@pytest.mark.parametrize("target", [".", "..", "a", "deep/..", "../album"])
def test_a_link_to_a_folder_around_the_photos_multiplies_none(album: Path, target: str) -> None:
    before = photos(album)
    (album / "loop").symlink_to(album / target, target_is_directory=True)
    (album / "a" / "up").symlink_to("..", target_is_directory=True)
    assert photos(album) == before
    assert photos(album / "**/*.jpg") == [photo for photo in before if photo.endswith(".jpg")]


def test_a_link_to_photos_elsewhere_is_followed_once(album: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "e.jpg").touch()
    (elsewhere / "loop").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "back").symlink_to(album, target_is_directory=True)
    before = photos(album)
    for name in ("l1", "l2"):
        (album / name).symlink_to(elsewhere, target_is_directory=True)
    assert photos(album) == sorted([*before, "l1/e.jpg"])


def test_one_name_that_is_no_text_leaves_the_others_alone(album: Path) -> None:
    before = photos(album)
    for name in (b"caf\xe9.jpg", b"fold\xff/deep.jpg"):
        file = Path(os.fsdecode(os.fsencode(album) + b"/" + name))
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert photos(album) == sorted([*before, r"caf\xe9.jpg", r"fold\xff/deep.jpg"])
    source = Source.open(str(album), "image")
    for photo in (r"caf\xe9.jpg", r"fold\xff/deep.jpg"):
        with pytest.raises(ValueError, match="is no UTF-8"):
            source.read(photo)
    with pytest.raises(FileNotFoundError):
        source.read("nowhere.jpg")


def test_pipes_are_passed_over_and_links_to_nothing_fail(album: Path) -> None:
    before = photos(album)
    os.mkfifo(album / "pipe.jpg")
    (album / "gone.jpg").symlink_to("nowhere.jpg")
    assert photos(album) == sorted([*before, "gone.jpg"])


@pytest.mark.parametrize("folder", ["answers", "failures"])
@pytest.mark.parametrize("length", [0, 3, -1, -8, -60])
def test_a_table_that_is_cut_off_is_done_again(tmp_path: Path, folder: str, length: int) -> None:
    archive, whole, cut = (
        Archive(StoragePath.open(str(tmp_path))),
        Shard(("a.jpg", "b.jpg")),
        Shard(("c.jpg", "d.jpg")),
    )
    row = dict.fromkeys(ANSWER.names)
    for shard in (whole, cut):
        answered = pa.Table.from_pylist([{**row, "path": shard.photos[0]}], ANSWER)
        before = set((tmp_path / folder).glob("*"))
        archive.write(shard, answered, [], [(shard.photos[1], "cut off")])
    (file,) = set((tmp_path / folder).glob("*")) - before
    file.write_bytes(file.read_bytes()[:length])
    left = archive.tidy()
    assert (left.failed, left.damaged) == (1, 1)
    again = cut if folder == "answers" else Shard(("d.jpg",))
    assert list(archive.done().missing([whole, cut])) == [again]
    assert archive.tidy() == Left(1, 0)


def test_a_table_whose_middle_is_damaged_is_done_again(tmp_path: Path) -> None:
    archive, shard = Archive(StoragePath.open(str(tmp_path))), Shard(("a.jpg",))
    archive.write(shard, pa.Table.from_pylist([{**dict.fromkeys(ANSWER.names), "path": "a.jpg"}], ANSWER), [], [])
    (file,) = (tmp_path / "answers").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:4] + bytes(60) + content[64:])
    assert archive.tidy() == Left(0, 1)


@pytest.mark.parametrize("note", ["", "{", '{"source": "here', "[]", "null", "\xff"])
def test_a_note_of_the_question_that_is_cut_off_is_said(tmp_path: Path, note: str) -> None:
    (tmp_path / "job.json").write_bytes(note.encode("latin-1"))
    with pytest.raises(StorageError, match="is cut off or no JSON"):
        Archive(StoragePath.open(str(tmp_path))).claim({"source": "here"})


def test_a_folder_whose_name_looks_like_a_pattern_is_that_folder(album: Path) -> None:
    there = album.rename(album.with_name("album [2024]"))
    assert photos(there / "*.jpg") == ["a.jpg", "b.jpg"]
    assert photos(there) == sorted(["a.jpg", "a/1.webp", "a/2.PNG", "a/deep/er/3.jpeg", "b.jpg"])
