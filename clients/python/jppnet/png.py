"""PNG files of pixels, written with what Python brings."""

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
COLOR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}
"""The format's numbers for grey, grey and alpha, RGB, and RGBA, by their channels."""
NONE, UP = 0, 2
"""Filters of rows: as they are, or as differences to the row above, which pack better."""


def encode_png(pixels: npt.NDArray[np.uint8], level: int = 1) -> bytes:
    """Pixels (height, width) or (height, width, 1–4) as a PNG file; ``level`` is zlib's, 0 to store and not pack."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    lines = np.empty((height, rows.shape[1] + 1), np.uint8)
    lines[:, 0] = UP if level else NONE
    lines[:, 1:] = rows
    if level:
        np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    color_type = COLOR_TYPES[rows.shape[1] // width]
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.data, level)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
