"""PNG of planes: label maps, whose pixel value is the label id, with a palette of the labels' colours or without.

OpenCV cannot write palettes, and the format needs few chunks. Rows are stored as differences to the row above and
packed by run length: on label maps that is as fast as the fastest level of deflate and half its size.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from service.imaging.decode import Image
from service.imaging.formats.png import SIGNATURE as PNG_SIGNATURE

Color = tuple[int, int, int]
"""Red, green, blue, 0–255."""

GREY_TYPE: Final = 0
PALETTE_TYPE: Final = 3
"""Colour types, by the format's numbers."""


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
    packer = zlib.compressobj(level=1, memLevel=9, strategy=zlib.Z_RLE)
    return packer.compress(rows.data) + packer.flush()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
