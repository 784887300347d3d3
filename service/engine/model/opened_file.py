"""A model's file that was opened, and whether it is still there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file, and when it was last changed before it was opened."""

    path: Path
    changed: int
    """In nanoseconds."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """A file that is about to be opened."""
        return cls(path, path.stat().st_mtime_ns)

    @property
    def is_in_place(self) -> bool:
        """Whether the file on disk is still the one that was opened."""
        return self.path.is_file() and self.path.stat().st_mtime_ns == self.changed
