"""Palette PNG: the pixel value is the label id, and the palette holds the labels' colours.

OpenCV cannot write palettes, and the format needs four chunks. Rows are stored as differences to the row above and
packed by run length: on label maps that is as fast as the fastest level of deflate and half its size.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from service.imaging.decode import Image
from service.imaging.header import PNG_SIGNATURE

Color = tuple[int, int, int]
"""Red, green, blue, 0–255."""


def palette_png(ids: Image, palette: Sequence[Color]) -> bytes:
    """Encodes a label map (height, width) as an 8-bit palette PNG; ``palette[i]`` shows id ``i``."""
    height, width = ids.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        (
            PNG_SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", np.asarray(palette, np.uint8).tobytes()),
            _chunk(b"IDAT", _pack(ids)),
            _chunk(b"IEND", b""),
        )
    )


def _pack(ids: Image) -> bytes:
    height, width = ids.shape
    rows = np.empty((height, width + 1), np.uint8)
    rows[:, 0] = 2  # the filter "up": each byte is stored as its difference to the one above
    rows[0, 1:] = ids[0]
    np.subtract(ids[1:], ids[:-1], out=rows[1:, 1:])
    packer = zlib.compressobj(level=1, memLevel=9, strategy=zlib.Z_RLE)
    return packer.compress(rows.data) + packer.flush()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
