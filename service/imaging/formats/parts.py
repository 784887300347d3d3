"""The parts of a file that are passed to the decoder, collected without copying."""

from typing import Final

from service.imaging.errors import CorruptPhotoError

MAX_PARTS: Final = 16_384
"""Maximum number of chunks or segments of a file. A photo of 20 MB in chunks of 8 kB has 2,500; parsing the maximum
takes some 10 ms."""


class Parts:
    """Builds a new file from slices of the original and from new bytes, in order; adjacent slices are merged."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._kept: list[bytes | tuple[int, int]] = []

    def keep(self, start: int, end: int) -> None:
        """Appends the original's bytes from ``start`` to ``end``."""
        last = self._kept[-1] if self._kept else b""
        if isinstance(last, tuple) and last[1] == start:
            self._kept[-1] = (last[0], end)
        else:
            self._kept.append((start, end))

    def add(self, content: bytes) -> None:
        """Appends bytes that are not from the original."""
        self._kept.append(content)

    def memoryviews(self) -> tuple[memoryview, ...]:
        """Returns all parts in order."""
        return tuple(
            memoryview(part) if isinstance(part, bytes) else self._view[part[0] : part[1]] for part in self._kept
        )


def check_count(count: int, kind: str) -> None:
    """Raises :class:`CorruptPhotoError` if a file of the format ``kind`` has more than ``MAX_PARTS`` parts."""
    if count > MAX_PARTS:
        raise CorruptPhotoError(
            f"The {kind} file consists of more than {MAX_PARTS:,} parts; no ordinary photo does. Save the picture anew "
            "and send that."
        )
