"""The files that a bulk job writes, from which the next run knows what is done.

job.json                 what was asked: a second run must ask the same
answers/<shard>.parquet  a row a photo; when this file is there, the shard is done
people/<shard>.parquet   a row a person, where there is anybody
failures/<shard>.parquet a row a photo that cannot be answered, with the reason
masks/<path>.png         the masks, unless they are a column of the answers
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from service.scale.bulk.rows import FAILURE, PERSON
from service.scale.bulk.source import Shard
from service.scale.bulk.storage import StorageError, StoragePath

CHECKED_AT_ONCE: Final = 16
AT_ONCE: Final = 64
"""Shards whose photos are looked up among those done in one go."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder that a job writes to."""

    location: StoragePath

    def claim(self, job: dict[str, str]) -> None:
        """Writes the job's description, or checks that an earlier run had the same one.

        Raises:
            StorageError: the folder holds answers of another run.
        """
        note = self.location / "job.json"
        if note.kind == pafs.FileType.NotFound:
            note.write(json.dumps(job, indent=1).encode())
            return
        try:
            before = json.loads(note.read())
            if not isinstance(before, dict):
                raise ValueError
        except ValueError:
            raise StorageError(
                f"{note.path} is cut off or no JSON, so the arguments of the answers there are unknown. If it is "
                "this one, delete that file and run this again; otherwise choose another --out."
            ) from None
        other = [f"{key} was {before.get(key)!r} and is {job[key]!r}" for key in job if job[key] != before.get(key)]
        if other:
            raise StorageError(f"The answers there are of another job: {'; '.join(other)}. Choose another --out.")

    def tidy(self) -> "Left":
        """Deletes tables that are cut off or damaged, and people and failures of shards that were left half written:
        what was in them will be done anew."""
        damaged = 0
        answers = self.location / "answers"
        for folder in ("people", "answers", "failures"):
            for location in self._damaged(folder):
                location.delete()
                damaged += 1
                if folder == "people" and (answers / location.name).kind == pafs.FileType.File:
                    (answers / location.name).delete()  # so that the shard's people are found again
        done = {entry.name for entry in answers.entries()}
        failed = 0
        for folder in ("people", "failures"):
            for entry in (self.location / folder).entries():
                if entry.name not in done:
                    entry.location.delete()
                elif folder == "failures" and not entry.name.startswith("."):
                    failed += pq.read_metadata(entry.location.path, filesystem=self.location.system).num_rows
        return Left(failed, damaged)

    def _damaged(self, folder: str) -> list[StoragePath]:
        locations = [StoragePath(self.location.system, path) for path in self._files(folder)]
        with ThreadPoolExecutor(CHECKED_AT_ONCE) as pool:
            return [
                location for location, broken in zip(locations, pool.map(_is_damaged, locations), strict=True) if broken
            ]

    def done(self) -> "Done":
        """The photos that are done at this moment."""
        return Done(self.location.system, self._files("answers"), self._files("failures"))

    def _files(self, folder: str) -> list[str]:
        return [entry.location.path for entry in (self.location / folder).entries() if not entry.name.startswith(".")]

    def write_mask(self, photo: str, png: bytes) -> None:
        """Writes a photo's mask."""
        (self.location / f"masks/{photo}.png").write(png)

    def write(
        self,
        shard: Shard,
        answers: pa.Table,
        people: Sequence[dict[str, Any]],
        failures: Sequence[tuple[str, str]],
    ) -> None:
        """Writes the results of a shard. The answers are last: with them, the shard is done.

        The file's name depends on nothing but the photos, so that a shard that is run twice is written over itself.
        """
        digest = sha256("\n".join(shard.photos).encode()).hexdigest()
        name = f"{digest[:24]}.parquet"
        if failures:
            rows = [{"path": path, "error": error} for path, error in failures]
            (self.location / "failures" / name).write(_parquet(pa.Table.from_pylist(rows, FAILURE)))
        if people:
            (self.location / "people" / name).write(_parquet(pa.Table.from_pylist(list(people), PERSON)))
        (self.location / "answers" / name).write(_parquet(answers))


@dataclass(frozen=True, slots=True)
class Left:
    """What earlier runs left: damaged tables and failures."""

    failed: int
    """Photos that cannot be answered."""
    damaged: int
    """Tables that were deleted because they could not be read."""


@dataclass(frozen=True, slots=True)
class Done:
    """The photos that had an answer or a failure at one moment. Looked up in the tables, never held all at once."""

    system: Any
    answers: list[str]
    failures: list[str]

    def missing(self, shards: Iterable[Shard]) -> Iterator[Shard]:
        """The shards without the photos that are done."""
        tables = [ds.dataset(files, filesystem=self.system) for files in (self.answers, self.failures) if files]
        rest = iter(shards)
        while some := list(islice(rest, AT_ONCE)):
            done = set[str]().union(*(_paths_between(table, some) for table in tables))
            for shard in some:
                if photos := tuple(photo for photo in shard.photos if photo not in done):
                    yield replace(shard, photos=photos)


def _paths_between(table: Any, shards: Sequence[Shard]) -> list[str]:
    """The paths in a table from the first of these photos to the last: Parquet passes over files of other ranges."""
    first, last = min(shard.photos[0] for shard in shards), max(shard.photos[-1] for shard in shards)
    path = pc.field("path")
    rows = table.to_table(columns=["path"], filter=(path >= first) & (path <= last))
    found: list[str] = rows["path"].to_pylist()
    return found


def _is_damaged(table: StoragePath) -> bool:
    """Whether a table is there and cannot be read.

    Raises:
        OSError: its file cannot be read, which says nothing about what is in it.
    """
    try:
        with table.system.open_input_file(table.path) as file:
            return _lacks_paths(file)
    except (pa.ArrowException, OSError):
        content = table.read()
    try:
        return _lacks_paths(pa.BufferReader(content))
    except (pa.ArrowException, OSError):  # pyarrow's word for a table that makes no sense as well
        return True


def _lacks_paths(file: Any) -> bool:
    paths = pq.read_table(file, columns=["path"])
    return bool(paths.column_names != ["path"] or paths["path"].null_count)


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())
