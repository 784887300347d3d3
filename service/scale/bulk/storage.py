"""Where photos come from and answers go to: a folder here, or in an object store that pyarrow opens."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

STORES: Final = ("s3", "gcs", "abfs")
"""File systems, by pyarrow's names, that have no folders and in which a file appears when it is whole."""


class StorageError(ValueError):
    """An address that cannot be opened; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder in a folder."""

    name: str
    """Of a name that is no UTF-8, as no table can hold it, the bytes that are none are ``\\x…``."""
    location: "StoragePath"
    is_folder: bool
    is_link: bool = False

    @property
    def order(self) -> str:
        """Where it comes among the others. A folder stands where its files would: as if its name ended in ``/``."""
        return f"{self.name}/" if self.is_folder else self.name


@dataclass(frozen=True, slots=True)
class StoragePath:
    """A file or folder: a pyarrow file system and a path in it, ``/`` between folders."""

    system: Any
    path: str

    @classmethod
    def open(cls, address: str) -> Self:
        """The path of a local address or of a URL such as ``s3://bucket/prefix``.

        Raises:
            StorageError: there is no such kind of storage, or it cannot be reached.
        """
        if "://" not in address:
            return cls(pafs.LocalFileSystem(), Path(address).absolute().as_posix())
        try:
            system, path = pafs.FileSystem.from_uri(address)
        except (pa.ArrowException, OSError) as error:
            raise StorageError(f"{public(address)} cannot be opened: {error}") from None
        return cls(system, path.rstrip("/"))

    def __truediv__(self, name: str) -> "StoragePath":
        return StoragePath(self.system, f"{self.path}/{name}")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def kind(self) -> Any:
        """pyarrow's file type: a file, a folder, or not there."""
        return self.system.get_file_info(self.path).type

    def read(self) -> bytes:
        """The file's content."""
        with self.system.open_input_stream(self.path) as stream:
            return bytes(stream.read())

    def write(self, content: bytes) -> None:
        """Writes the file atomically, and the folders above it."""
        if self.system.type_name in STORES:
            self._write(content)
            return
        folder, _, name = self.path.rpartition("/")
        draft = StoragePath(self.system, f"{folder}/.{name}.part")  # readers of Parquet pass over names with a dot
        try:
            draft._write(content)
        except FileNotFoundError:
            self.system.create_dir(folder, recursive=True)
            draft._write(content)
        self.system.move(draft.path, self.path)

    def _write(self, content: bytes) -> None:
        with self.system.open_output_stream(self.path) as stream:
            stream.write(content)

    def delete(self) -> None:
        """Deletes the file."""
        self.system.delete_file(self.path)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return bool(self.system.type_name == "local")

    def entries(self) -> list[Entry]:
        """Each file and folder in this folder, in the order of their paths; nothing, if there is no such folder."""
        found = _local_entries(self) if self.is_local else _store_entries(self)
        return sorted(found, key=lambda entry: entry.order)

    def is_in(self, folder: "StoragePath") -> bool:
        """Whether this is that folder, or lies in it."""
        return self.system.equals(folder.system) and f"{self.path}/".startswith(f"{folder.path}/")


def public(address: str) -> str:
    """The address without user, password and options, for messages."""
    if "://" not in address:
        return Path(address).absolute().as_posix()
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _store_entries(folder: StoragePath) -> list[Entry]:
    selector = pafs.FileSelector(folder.path, allow_not_found=True)
    return [
        Entry(info.base_name, StoragePath(folder.system, info.path), info.type == pafs.FileType.Directory)
        for info in folder.system.get_file_info(selector)
    ]


def _local_entries(folder: StoragePath) -> list[Entry]:
    """By Python's own means: pyarrow gives up a folder for one name that is no UTF-8. Without pipes and devices, which
    nobody ends reading; a link to nothing is a file, which will fail."""
    try:
        with os.scandir(folder.path) as entries:
            return [
                Entry(
                    entry.name.encode(errors="surrogateescape").decode(errors="backslashreplace"),
                    StoragePath(folder.system, entry.path),
                    entry.is_dir(),
                    entry.is_symlink(),
                )
                for entry in entries
                if entry.is_dir() or entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
            ]
    except FileNotFoundError:
        return []
