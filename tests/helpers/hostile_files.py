"""Files that are made to break a decoder: small ones that cost much. Each function makes one."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from tests.helpers.dense_jpeg import dense_jpeg

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def header(width: int, height: int, color_type: int = 2) -> bytes:
    """A PNG's signature and first chunk."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, color_type, 0, 0, 0))


def animated_png() -> bytes:
    """An APNG whose second frame refers to a filter that there is none of."""

    def pixels(filter_type: bytes) -> bytes:
        return zlib.compress((filter_type + b"\x40" * 48) * 16)

    def frame(number: int) -> bytes:
        return chunk(b"fcTL", struct.pack(">5I2H2B", number, 16, 16, 0, 0, 1, 10, 0, 0))

    def data(number: int, filter_type: bytes) -> bytes:
        return chunk(b"fdAT", struct.pack(">I", number) + pixels(filter_type))

    return (
        header(16, 16) + chunk(b"acTL", struct.pack(">2I", 2, 0)) + chunk(b"IDAT", pixels(b"\0"))
        + frame(0) + data(1, b"\x09") + frame(2) + data(3, b"\0") + chunk(b"IEND", b"")
    )  # fmt: skip


def declared_length() -> bytes:
    """A PNG with a chunk that says that it has two gigabytes."""
    return base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjd////AElEQVQAAAAAAAAAAA==")


def text_bomb() -> bytes:
    """A PNG of 64×64 with a thousand compressed texts of a megabyte each."""
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9))
    pixels = zlib.compress((b"\0" + bytes(192)) * 64)
    return header(64, 64) + text * 900 + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def many_scans(scans: int = 3000, side: int = 8000) -> bytes:
    """A progressive JPEG that repeats a scan over and over."""
    grey = np.full((side, side), 128, np.uint8)
    data = cv2.imencode(".jpg", grey, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_QUALITY, 20))[1].tobytes()
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * scans + b"\xff\xd9"


def inflating_pixels() -> bytes:
    """A PNG of 64×64 whose 19 MB of pixels go on for 19 GB after the last row."""
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 24)
    first, next_one = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return header(64, 64) + chunk(b"IDAT", first + next_one * (19_000_000 // len(next_one))) + chunk(b"IEND", b"")


def scans_of_ordinary_size() -> bytes:
    """As many scans as are let in, in a photo that is no larger than phones' are."""
    return many_scans(190, 4000)


def arithmetic_scans(scans: int = 199, side: int = 4000) -> bytes:
    """A progressive JPEG whose scans are coded arithmetically, which takes few bits and long."""

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content

    def scan(coefficients: bytes) -> bytes:
        return segment(0xDA, b"\1\1\0" + coefficients + b"\0") + b"\x55\xaa" * 4000

    frame = segment(0xCA, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    tables = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xCC, b"\x10\x05\x00\x10")
    return b"\xff\xd8" + tables + frame + scan(b"\0\0") + scan(b"\1\x3f") * scans + b"\xff\xd9"


def deep_interlaced(side: int = 3990) -> bytes:
    """A PNG of an ordinary size with 16 bits a sample, in seven passes: the most that such a file takes."""
    pixels = zlib.compress(bytes(8 * side * side + 4 * side), 9)
    start = SIGNATURE + chunk(b"IHDR", struct.pack(">2I5B", side, side, 16, 6, 0, 0, 1))
    return start + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def forged_jpeg() -> bytes:
    """A JPEG whose size stands where only the decoder finds it: after a marker without parameters, given a length."""
    tiny = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    at = tiny.index(b"\xff\xc0")
    large = tiny[at : at + 5] + struct.pack(">2H", 16_000, 16_000) + tiny[at + 9 :]
    decoy = tiny[at : tiny.index(b"\xff\xc4", at)]
    return tiny[:at] + b"\xff\xd0" + struct.pack(">H", 2 + len(decoy)) + decoy + large


def dense_blocks() -> bytes:
    """A baseline JPEG as large as is decoded in the service's own threads, with all coefficients of every block."""
    return dense_jpeg(1760, ((1, 1),) * 3, code=1, value=1)


def fill_in_scan() -> bytes:
    """A baseline JPEG whose coded pixels are 19 MB of fill bytes."""
    tiny = np.asarray(cv2.imencode(".jpg", np.zeros((16, 16), np.uint8))[1]).tobytes()
    return tiny[:-2] + b"\xff" * 19_000_000 + tiny[-2:]


def many_segments() -> bytes:
    """A JPEG of 64 kB with as many segments as are let in, few enough bytes to be read in the event loop."""
    tiny = np.asarray(cv2.imencode(".jpg", np.zeros((16, 16), np.uint8))[1]).tobytes()
    return tiny[:2] + b"\xff\xfe\0\2" * 16_000 + tiny[2:]


def flat_webp(side: int = 8000) -> bytes:
    """A lossless WebP of one colour: 2.5 kB for 64 megapixels."""
    flat = np.zeros((side, side, 3), np.uint8)
    return np.asarray(cv2.imencode(".webp", flat, (cv2.IMWRITE_WEBP_QUALITY, 101))[1]).tobytes()


FILES: Final[tuple[Callable[[], bytes], ...]] = (
    animated_png, declared_length, text_bomb, inflating_pixels, deep_interlaced,
    many_scans, scans_of_ordinary_size, arithmetic_scans, forged_jpeg, dense_blocks,
    fill_in_scan, many_segments, flat_webp,
)  # fmt: skip
"""All of them."""
