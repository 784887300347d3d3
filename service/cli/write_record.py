"""The record of the files that a command wrote into a folder, so that it overwrites no others."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final, Self

RECORD: Final = ".jppnet-written"
"""Its file: a line for each file that was written, SHA-256, tab, path within the folder as :func:`escaped` gives it,
tab, and what kind of answer it is. Empty lines count for nothing."""

_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_MEANINGS: Final = {escape[1]: character for character, escape in _ESCAPES.items()}


def escaped(text: str) -> str:
    """Escapes a text for a field of a tab-separated table."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def unescaped(text: str) -> str:
    """The text that was :func:`escaped`."""
    characters = iter(text)
    return "".join(
        _MEANINGS.get(next(characters, ""), "") if character == "\\" else character for character in characters
    )


@dataclass(slots=True)
class WriteRecord:
    """The files that were written into a folder, by this run and those before."""

    folder: Path
    kind: str = ""
    """What kind of answers this run writes, such as “pose json”."""
    _kinds: dict[str, str] = field(default_factory=dict)
    _digests: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def read(cls, folder: Path, kind: str = "") -> Self:
        """The record of a folder, which is empty if there is none. A line that was cut off counts for nothing."""
        written = cls(folder, kind)
        for name, digest, kind_then in _rows(folder / RECORD):
            written._digests[name].add(digest)
            written._kinds[name] = kind_then
        return written

    def holds(self, file: Path) -> bool:
        """Whether a file of this name was written."""
        return self._name(file) in self._digests

    def other_kind(self, file: Path) -> str:
        """The kind of answer that was written there, if it is known and another than this run's."""
        then = self._kinds.get(self._name(file), "")
        return then if then != self.kind else ""

    def is_unchanged(self, file: Path) -> bool:
        """Whether the file is what was written."""
        return file.is_file() and sha256(file.read_bytes()).hexdigest() in self._digests.get(self._name(file), ())

    def add(self, file: Path, content: bytes) -> None:
        """Records a file before it is written: a crash in between leaves a record too many, never one too few."""
        name, digest = self._name(file), sha256(content).hexdigest()
        with self._lock:
            with (self.folder / RECORD).open("ab") as record:
                # A line of its own, even if the one before was cut off.
                record.write(f"\n{digest}\t{escaped(name)}\t{self.kind}\n".encode(errors="surrogateescape"))
            self._digests[name].add(digest)
            self._kinds[name] = self.kind

    def _name(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()


def _rows(record: Path) -> Iterator[tuple[str, str, str]]:
    try:
        text = record.read_bytes().decode(errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return
    for line in text.split("\n")[:-1]:
        digest, *rest = line.split("\t")
        if rest:
            name, kind = (*rest, "")[:2]
            yield unescaped(name), digest, kind
