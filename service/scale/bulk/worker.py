"""A worker: an engine of its own that reads, answers and writes shard after shard."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pyarrow as pa

from service.api.response.pictures import parse_png
from service.engine.engine import Engine
from service.engine.errors import DeviceError
from service.engine.photo.analysis import Analysis
from service.engine.photo.people import PeopleOption
from service.scale.bulk.archive import Archive
from service.scale.bulk.rows import ANSWER, MASK, answer_row, person_rows
from service.scale.bulk.source import Shard, Source
from service.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

READERS: Final = 4
"""Photos that are read at once for each that is answered: a request to an object store takes tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class PhotoBytes:
    """A photo's bytes, or why there are none."""

    photo: str
    content: bytes | Exception


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """A photo's row and those of its people, or why there are none."""

    photo: str
    row: dict[str, Any] | None
    people: Sequence[dict[str, Any]] = ()
    error: str = ""


class Worker:
    """Answers shards, one after the other, in the process of a Ray actor."""

    def __init__(
        self, source: Source, archive: Archive, settings: Settings, masks_in_column: bool, people: PeopleOption
    ) -> None:
        """Starts the engine.

        Raises:
            StartError: see :meth:`Engine.start`.
        """
        self._source = source
        self._archive = archive
        self._schema = ANSWER.append(MASK) if masks_in_column else ANSWER
        self._masks_in_column = masks_in_column
        self._people: PeopleOption = people
        self._engine = Engine.start(settings)
        # A photo per lane to run, and as many to decode and encode meanwhile.
        self._at_once = self._engine.info.saturation
        self._readers = ThreadPoolExecutor(READERS * self._at_once, thread_name_prefix="read")
        self._pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="photo")

    def __call__(self, row: dict[str, Any]) -> dict[str, int]:
        """Answers the shard that a row of Ray's says, and writes it down. Returns how many photos were done."""
        shard = Shard(tuple(row["photos"]), row["table"], row["row_group"], row["first_row"])
        try:
            # More are ready than are worked on, so that one that takes long keeps no thread waiting.
            answered = list(map_ahead(self._pool, self._answer, self._read(shard), 4 * self._at_once))
        except DeviceError:
            # Only a new process gets the device anew. Ray starts one, and gives it this shard.
            os._exit(1)
        rows = [photo.row for photo in answered if photo.row]
        people = [person for photo in answered for person in photo.people]
        failures = [(photo.photo, photo.error) for photo in answered if not photo.row]
        self._archive.write(shard, pa.Table.from_pylist(rows, self._schema), people, failures)
        return {"photos": len(answered), "failed": len(failures)}

    def _read(self, shard: Shard) -> Iterator[PhotoBytes]:
        if shard.table:
            return read_rows(self._source, shard)
        return map_ahead(self._readers, self._read_file, shard.photos, READERS * self._at_once)

    def _read_file(self, photo: str) -> PhotoBytes:
        try:
            return PhotoBytes(photo, self._source.read(photo))
        except Exception as error:
            return PhotoBytes(photo, error)

    def _answer(self, read: PhotoBytes) -> PhotoResult:
        try:
            if isinstance(read.content, Exception):
                raise read.content
            return self._engine.analyze_here(
                read.content, lambda analysis: self._result(read.photo, analysis), self._people
            )
        except DeviceError:
            raise
        except Exception as error:  # whatever is wrong with one photo, the others are answered
            return PhotoResult(read.photo, None, error=str(error) or type(error).__name__)

    def _result(self, photo: str, analysis: Analysis) -> PhotoResult:
        row = answer_row(photo, analysis)
        if analysis.card.labels:  # a model for pose alone has no masks
            mask = parse_png(analysis)
            if self._masks_in_column:
                row["mask"] = mask
            else:
                self._archive.write_mask(photo, mask)
        return PhotoResult(photo, row, person_rows(photo, analysis))


def read_rows(source: Source, shard: Shard) -> Iterator[PhotoBytes]:
    """The photos of a shard that are rows of a table; one by one, however many the row group has."""
    wanted = set(shard.photos)
    row = shard.first_row
    try:
        with source.open_table(shard.table) as table:
            batches = table.iter_batches(batch_size=16, row_groups=[shard.row_group], columns=[source.column])
            for batch in batches:
                for content in _bytes_of(batch.column(0)):
                    photo = f"{shard.table}/{row:09}"
                    row += 1
                    if photo in wanted:
                        wanted.remove(photo)
                        yield PhotoBytes(photo, content.as_py() or b"")
    except Exception as error:  # the table is broken, from here on or as a whole
        yield from (PhotoBytes(photo, error) for photo in sorted(wanted))


def _bytes_of(column: Any) -> Any:
    """The photos' bytes; Hugging Face keeps them in a structure, beside the file's name."""
    return column.field("bytes") if pa.types.is_struct(column.type) else column


def map_ahead(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], many: int) -> Iterator[R]:
    """The results of work on each item, in order; at most ``many`` are running, or done and not yet consumed."""
    under_way: deque[Future[R]] = deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) == many:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()
