"""PNG of planes: label maps, whose pixel value is the label id, with a palette of the labels' colours or without.

OpenCV cannot write palettes, and the format needs few chunks. Rows are stored as differences to the row above and
packed by ISA-L. On 150 people's masks that takes 0.10 ms where zlib's run lengths take 0.64 and its fastest level 0.51,
for 3.2 kB where those give 2.2 and 3.8.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from isal import isal_zlib

from service.imaging.decode import Image
from service.imaging.formats.png import SIGNATURE as PNG_SIGNATURE

Color = tuple[int, int, int]
"""Red, green, blue, 0–255."""

GREY_TYPE: Final = 0
PALETTE_TYPE: Final = 3
"""Colour types, by the format's numbers."""

LEVEL: Final = 1
"""Of ISA-L's four levels: 0 gives 4.6 kB in 0.08 ms, 3 takes 0.45 ms for 3.1 kB."""


def palette_png(ids: Image, palette: Sequence[Color]) -> bytes:
    """Encodes a label map (height, width) as an 8-bit palette PNG; ``palette[i]`` shows id ``i``."""
    return _png(ids, PALETTE_TYPE, png_chunk(b"PLTE", np.asarray(palette, np.uint8).tobytes()))


def grey_png(plane: Image) -> bytes:
    """Encodes a plane (height, width) as an 8-bit grey PNG."""
    return _png(plane, GREY_TYPE)


def _png(plane: Image, color_type: int, palette: bytes = b"") -> bytes:
    height, width = plane.shape
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0))
    return b"".join((PNG_SIGNATURE, header, palette, png_chunk(b"IDAT", _pack(plane)), png_chunk(b"IEND", b"")))


def _pack(plane: Image) -> bytes:
    height, width = plane.shape
    rows = np.empty((height, width + 1), np.uint8)
    rows[:, 0] = 2  # the filter "up": each byte is stored as its difference to the one above
    rows[0, 1:] = plane[0]
    np.subtract(plane[1:], plane[:-1], out=rows[1:, 1:])
    return isal_zlib.compress(rows.data, LEVEL)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
