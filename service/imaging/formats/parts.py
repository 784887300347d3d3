"""The parts of a file that a decoder may see, collected without copying them."""

from typing import Final

from service.imaging.errors import CorruptPhotoError

MAX_PARTS: Final = 16_384
"""Chunks or segments that a file may have. A photo of 20 MB in chunks of 8 kB has 2,500 of them; walking through the
most takes some 10 ms."""


class Parts:
    """Slices of a file and bytes of our own, in the order in which they make a new file; neighbours become one."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._kept: list[bytes | tuple[int, int]] = []

    def keep(self, start: int, end: int) -> None:
        """Keeps the file's bytes from ``start`` to ``end``."""
        last = self._kept[-1] if self._kept else b""
        if isinstance(last, tuple) and last[1] == start:
            self._kept[-1] = (last[0], end)
        else:
            self._kept.append((start, end))

    def add(self, content: bytes) -> None:
        """Adds bytes that are not the file's."""
        self._kept.append(content)

    def views(self) -> tuple[memoryview, ...]:
        """What was kept and added."""
        return tuple(
            memoryview(part) if isinstance(part, bytes) else self._view[part[0] : part[1]] for part in self._kept
        )


def check_count(count: int, kind: str) -> None:
    """Raises :class:`CorruptPhotoError` if a file of that kind has more parts than any photo."""
    if count > MAX_PARTS:
        raise CorruptPhotoError(
            f"The {kind} file consists of more than {MAX_PARTS:,} parts, as no photo does. Save the picture anew and "
            "send that."
        )
