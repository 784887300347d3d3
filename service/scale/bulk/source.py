"""The photos of a bulk job: those of a folder, a glob or Parquet tables, in shards, folder by folder."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from service.imaging.photo_file import PHOTO_SUFFIXES
from service.scale.bulk.storage import Entry, StorageError, StoragePath, public

SHARD: Final = 128
"""Photos per shard: seconds of work for a core. A worker that dies loses little, and files of answers stay few."""
WILD: Final = re.compile(r"[*?\[]")
TABLE: Final = ".parquet"
NO_TEXT: Final = re.compile(r"\\x[0-9a-f]{2}")
"""What stands for a byte of a name that is no UTF-8."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Photos that are answered together, named by their paths in the source, ascending."""

    photos: tuple[str, ...]
    table: str = ""
    """The Parquet table that they are rows of, as a path in the source; none if each is a file."""
    row_group: int = 0
    first_row: int = 0
    """The row of the table that the row group begins with."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, and which of its files are meant."""

    root: StoragePath
    pattern: str | None
    """Regular expression for a file's path within the folder; None: photos and tables, by their names' endings."""
    column: str
    """The column of tables that holds the photos' bytes."""

    @classmethod
    def open(cls, address: str, column: str) -> Self:
        """The source at a local path or URL of a folder, a file or a glob (``*``, ``?``, ``[…]``, ``**`` for folders).

        Raises:
            PlaceError: there is nothing that could be answered.
        """
        fixed, wild = _split_glob(address)
        root = StoragePath.open(fixed)
        if wild:
            source = cls(root, _regex(wild), column)
        elif root.kind == pafs.FileType.File:
            source = cls(StoragePath(root.system, root.path.rpartition("/")[0]), re.escape(root.name), column)
        else:
            source = cls(root, None, column)
        first = next(source.shards(), None)
        if first is None:
            raise StorageError(f"There are neither photos nor {TABLE} tables at {public(address)}.")
        if first.table:
            source._check_column(first.table)
        return source

    def _check_column(self, table: str) -> None:
        try:
            names = self.open_table(table).schema_arrow.names
        except (pa.ArrowException, OSError):
            return  # a broken table is a failure among others
        if self.column not in names:
            raise StorageError(
                f"{table} has no column “{self.column}”, only {', '.join(names)}. Name the one with the photos' bytes "
                "with --column."
            )

    def means(self, location: StoragePath) -> bool:
        """Whether a file belongs to this source, or would if it existed."""
        inside = location.path.removeprefix(f"{self.root.path}/")
        return location.is_in(self.root) and self._is_meant(inside)

    def shards(self) -> Iterator[Shard]:
        """All shards, always cut in the same way while the source does not change."""
        photos: list[str] = []
        for path in self._files(self.root, "", Links(self.root)):
            if path.endswith(TABLE):
                yield from self._row_groups(path)
                continue
            photos.append(path)
            if len(photos) == SHARD:
                yield Shard(tuple(photos))
                photos = []
        if photos:
            yield Shard(tuple(photos))

    def open_table(self, path: str) -> pq.ParquetFile:
        """A table of the source; what is read of it is read piece by piece."""
        location = self.root / path
        return pq.ParquetFile(location.system.open_input_file(location.path), buffer_size=1 << 20)

    def read(self, photo: str) -> bytes:
        """A photo's file.

        Raises:
            OSError: it cannot be read.
            ValueError: its name is no UTF-8.
        """
        try:
            return (self.root / photo).read()
        except FileNotFoundError:
            if NO_TEXT.search(photo):
                raise ValueError("The name of the file, or of a folder above it, is no UTF-8. Rename it.") from None
            raise

    def _files(self, folder: StoragePath, prefix: str, links: "Links") -> Iterator[str]:
        """The paths of the files that are meant, ascending. No more than the names in one folder are held at once."""
        for entry in folder.entries():
            path = prefix + entry.name
            if entry.is_folder:
                if inside := links.enter(entry):
                    yield from self._files(entry.location, f"{path}/", inside)
            elif self._is_meant(path):
                yield path

    def _is_meant(self, path: str) -> bool:
        if self.pattern:
            return re.fullmatch(self.pattern, path) is not None
        suffix = f".{path.rpartition('.')[2].lower()}"
        return suffix in PHOTO_SUFFIXES or suffix == TABLE

    def _row_groups(self, path: str) -> Iterator[Shard]:
        """A shard per row group: the pieces that a Parquet table can be read by."""
        try:
            with self.open_table(path) as table:
                sizes = [table.metadata.row_group(group).num_rows for group in range(table.metadata.num_row_groups)]
        except (pa.ArrowException, OSError):
            yield Shard((path,), path)  # fails when it is read, as a broken photo does, and says why
            return
        first = 0
        for group, rows in enumerate(sizes):
            if rows:
                yield Shard(tuple(f"{path}/{row:09}" for row in range(first, first + rows)), path, group, first)
            first += rows


class Links:
    """Which folders are walked: each once, though links lead to it from elsewhere or from within itself."""

    def __init__(self, root: StoragePath, is_behind_one: bool = False, known: set[str] | None = None) -> None:
        self._root = root
        self._is_behind_one = is_behind_one
        self._known = set[str]() if known is None else known
        """The folders behind links that were walked, by their paths without links."""

    def enter(self, entry: Entry) -> "Links | None":
        """The links to keep to within a folder; None if it is not to be walked.

        A link to a folder of the source, or to one that the source lies in, brings nothing that is not met without it.
        """
        if not (self._is_behind_one or (entry.is_link and entry.location.is_local)):
            return self
        target, root = (Path(location.path).resolve() for location in (entry.location, self._root))
        if target.is_relative_to(root) or root.is_relative_to(target) or str(target) in self._known:
            return None
        self._known.add(str(target))
        return Links(self._root, True, self._known)


def _split_glob(address: str) -> tuple[str, str]:
    """The address of the folders without wildcards, and the rest; without wildcards, all and nothing. What is here by
    its name, like a folder “2024 [raw]”, has none."""
    if "://" in address:
        path, mark, options = address.partition("?")  # which begins a URL's options, and is no wildcard
        there = ""
    else:
        path, mark, options = address, "", ""
        there = address
        while there and not Path(there).exists():
            there = there.rpartition("/")[0]
    wild = WILD.search(path, len(there))
    if not wild:
        return address, ""
    folders, slash, _ = path[: wild.start()].rpartition("/")
    return (folders or slash or ".") + mark + options, path[len(folders) + len(slash) :]


def _regex(glob: str) -> str:
    """The regular expression of a glob: ``*`` and ``?`` stay within a folder, ``**/`` is any folders or none."""
    tokens = re.split(r"(\*\*/|\*|\?|\[[^\]]+\])", glob)
    known = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        known.get(token) or (token.replace("[!", "[^") if token.startswith("[") else re.escape(token))
        for token in tokens
    )
