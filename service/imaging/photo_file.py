"""A picture's file as it was understood: what its header says, and the parts of it that a decoder may see."""

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

PhotoType = Literal["jpeg", "png", "webp"]
PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""Of the names of files that are taken for photos where a folder is searched."""

OVERHEAD: Final = 1_500_000
"""Bytes that decoders take whatever the picture: their tables and buffers of some rows."""
ROWS: Final = 64
"""Rows of 4 samples of 4 bytes that decoders have in work beside the picture: JPEG's rows of blocks, WebP's cache."""


@dataclass(frozen=True, slots=True)
class Header:
    """A picture's header: the size as stored (before orientation, in pixels) and what decoding must respect."""

    type: PhotoType
    width: int
    height: int
    orientation: int = 1
    """EXIF orientation, 1 (upright) to 8."""
    has_alpha: bool = False
    """Whether some of it may be transparent in a way that the decoder tells."""
    depth: int = 8
    """Bits of a sample."""
    clear_grey: int | None = None
    """In a PNG file without colours: the sample that is transparent, as large as ``depth`` allows."""
    held: int = 0
    """Bytes that the decoder holds for the whole picture beside its pixels, at whatever reduction: the coefficients of
    a JPEG file that comes in several scans, the canvas of an animation."""

    scan_blocks: int = 0
    """Blocks of 8×8 pixels of all scans of a JPEG file that has several: each takes its time."""

    sequential_blocks: int = 0
    """Blocks of 8×8 samples of a JPEG file whose whole picture comes in one sequential scan, Huffman-coded, as in
    baseline files; 0 of every other file. Decoding such a file takes a bounded time for each block, and no memory that
    grows with the picture beside its pixels."""

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height after orientation: 5 to 8 lie on their side."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)

    @property
    def pixels(self) -> int:
        """Pixels of the whole picture."""
        return self.width * self.height

    def decoding_bytes(self, reduction: int = 1) -> int:
        """The memory that decoding takes at its peak, with the upright photo as RGB, which is what remains.

        Measured with OpenCV 5.0: ``tests/service/test_decoding_memory.py`` holds it to that.
        """
        pixels = ceil(self.width / reduction) * ceil(self.height / reduction)
        decoded, upright = self._bytes_per_pixel
        rows = 16 * ROWS * self.width
        return max(self.held + pixels * decoded, pixels * upright) + rows + OVERHEAD

    @property
    def _bytes_per_pixel(self) -> tuple[int, int]:
        """What there is of each pixel at most: while OpenCV decodes, and while its pixels become upright ones."""
        if self.clear_grey is not None:
            return self.depth // 8 or 1, 8 if self.depth == 16 else 7
        if self.type == "webp":
            return (7, 11) if self.has_alpha else (3, 9)
        if not self.has_alpha:
            return 3, 6
        return (17, 11) if self.depth == 16 else (5, 9)


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A picture's header, and a clean file in parts: nothing is in it that was not understood."""

    header: Header
    parts: tuple[memoryview, ...]
    is_complete: bool
    """Whether the file goes on to its own end; if not, it is not worth decoding."""

    @property
    def size(self) -> int:
        """Bytes of the clean file."""
        return sum(map(len, self.parts))

    def join(self) -> bytes:
        """The clean file."""
        return b"".join(self.parts)
