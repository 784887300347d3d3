"""A parsed image file: its header, and the parts of it that are passed to the decoder."""

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

from service.imaging.box import Box
from service.imaging.color import ColorConversion

PhotoType = Literal["jpeg", "png", "webp", "gif", "avif", "heic"]
PHOTO_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".avif", ".heic", ".heif"}
)
"""Suffixes of the files that are taken as photos when a folder is searched."""

OVERHEAD: Final = 1_500_000
"""Bytes that a decoder takes for any picture: tables, and buffers of a few rows."""
ROWS: Final = 64
"""Rows that a decoder buffers beside the picture, of 4 samples of 4 bytes: JPEG's block rows, WebP's cache."""


@dataclass(frozen=True, slots=True)
class Header:
    """A picture's header: the size as stored (before orientation, in pixels) and what decoding must respect."""

    type: PhotoType
    width: int
    height: int
    orientation: int = 1
    """EXIF orientation, 1 (upright) to 8."""
    has_alpha: bool = False
    """Whether pixels may be transparent other than by ``clear_grey``; the decoder then returns an alpha channel."""
    depth: int = 8
    """Bits per sample."""
    clear_grey: int | None = None
    """In a grey PNG file: the sample value that is transparent, 0 to 2**depth − 1."""
    held: int = 0
    """Bytes that the decoder allocates beside the pixels, whatever the reduction: the coefficients of a JPEG file with
    several scans, the canvas of an animation."""

    scan_blocks: int = 0
    """In a JPEG file with several scans: the blocks of 8×8 pixels of all scans, a measure of the decoding time."""

    sequential_blocks: int = 0
    """Blocks of 8×8 samples of a JPEG file whose whole picture comes in one sequential scan, Huffman-coded, as in
    baseline files; 0 of every other file. Decoding such a file takes a bounded time for each block, and no memory that
    grows with the picture beside its pixels."""

    color: ColorConversion | None = None
    """How the colours become sRGB; None where they are, or are taken to be."""

    frame: Box | None = None
    """In a GIF file: where the frame lies in the picture, if it does not fill it. What is around it is transparent."""

    @property
    def is_transparent(self) -> bool:
        """Whether pixels may be transparent."""
        return self.has_alpha or self.clear_grey is not None

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height after orientation; orientations 5 to 8 swap them."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)

    @property
    def pixels(self) -> int:
        """Pixels of the whole picture."""
        return self.width * self.height

    def decoding_bytes(self, reduction: int = 1) -> int:
        """Peak memory of decoding in bytes, including the resulting upright RGB photo.

        An upper bound, measured with OpenCV 5.0 and checked by ``tests/service/test_decoding_memory.py``.
        """
        pixels = ceil(self.width / reduction) * ceil(self.height / reduction)
        decoded, upright = self._bytes_per_pixel
        rows = 16 * ROWS * self.width
        return max(self.held + pixels * decoded, pixels * upright) + rows + OVERHEAD

    @property
    def _bytes_per_pixel(self) -> tuple[int, int]:
        """Peak bytes per pixel: while OpenCV decodes, and while the result is converted and turned upright."""
        if self.clear_grey is not None:
            return self.depth // 8 or 1, 8 if self.depth == 16 else 7
        if self.type == "avif":
            return (26 if self.depth > 8 else 20) + (18 if self.has_alpha else 0), 12
        if self.type == "heic":
            return (15, 12) if self.has_alpha else (11, 9)
        if self.type == "gif":
            return (8, 9) if self.has_alpha else (6, 6)
        if self.type == "webp":
            return (7, 11) if self.has_alpha else (3, 9)
        if not self.has_alpha:
            return 3, 6
        return (17, 12) if self.depth > 8 else (5, 9)


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A picture's header, and a clean file in parts: it contains nothing that the parser did not recognise."""

    header: Header
    parts: tuple[memoryview, ...]
    is_complete: bool
    """Whether the file is complete. A file that is cut off is not decoded."""

    @property
    def size(self) -> int:
        """Bytes of the clean file."""
        return sum(map(len, self.parts))

    def join(self) -> bytes:
        """The clean file."""
        return b"".join(self.parts)
