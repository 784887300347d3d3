"""Small photos with metadata: EXIF orientation and other chunks."""

import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt

from tests.helpers.toy_model import jpeg

RED, BLUE = (200, 30, 60), (20, 90, 220)


def two_colors(width: int = 60, height: int = 40) -> npt.NDArray[np.uint8]:
    """Red in the left half, blue in the right."""
    photo = np.empty((height, width, 3), np.uint8)
    photo[:, : width // 2], photo[:, width // 2 :] = RED, BLUE
    return photo


def encode(image: npt.NDArray[np.uint8 | np.uint16], suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, image)[1].tobytes())


def exif(orientation: int, order: str = "<") -> bytes:
    """EXIF data with nothing but an orientation."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg_with_exif(photo: npt.NDArray[np.uint8], orientation: int) -> bytes:
    content = b"Exif\0\0" + exif(orientation)
    data = jpeg(photo)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[2:]


def png_with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    """The PNG with one more chunk right after its header."""
    crc: int = zlib.crc32(content, zlib.crc32(kind))
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)
    return b"".join((data[:33], chunk, data[33:]))


def webp_with_exif(photo: npt.NDArray[np.uint8], orientation: int) -> bytes:
    plain = encode(photo[..., ::-1], ".webp")[12:]
    height, width = photo.shape[:2]
    extended = struct.pack("<B3x", 0x08) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks: bytes = b"VP8X" + struct.pack("<I", 10) + extended + plain
    data = exif(orientation)
    chunks += b"EXIF" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
