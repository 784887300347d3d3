"""The page's own reader of palette and grey PNGs, against a writer that uses every row filter there is."""

import base64
import struct
import zlib
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Error, Page

from tests.helpers.browser import Visit

READ = """async (file) => {
    const { readPlane } = await import("/web/js/png.js");
    const { width, height, values } = await readPlane(Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0)));
    return [width, height, ...values];
}"""

Ids = npt.NDArray[np.uint8]


def predict(a: int, b: int, c: int) -> tuple[int, ...]:
    """What the filters 0 to 4 expect of a byte whose neighbours left, above and above left are a, b and c."""
    nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
    return 0, a, b, (a + b) // 2, nearest


def filtered(ids: Ids) -> bytes:
    """The rows, with the five filters in turn."""
    padded = np.pad(ids, ((1, 0), (1, 0))).astype(int).tolist()
    rows = []
    for y, (above, row) in enumerate(pairwise(padded)):
        guesses = [predict(row[x], above[x + 1], above[x])[y % 5] for x in range(len(row) - 1)]
        rows.append(bytes([y % 5] + [(value - guess) % 256 for value, guess in zip(row[1:], guesses, strict=True)]))
    return b"".join(rows)


GREY, COLOR, PALETTE = 0, 2, 3
"""The format's colour types."""


def plane_png(ids: Ids, color_type: int, depth: int = 8) -> bytes:
    """A PNG whose compressed data is in two chunks, as is allowed."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = ids.shape
    data = zlib.compress(filtered(ids))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0))
    palette = chunk(b"PLTE", bytes(768)) if color_type == PALETTE else b""
    return b"".join([b"\x89PNG\r\n\x1a\n", header, palette, chunk(b"IDAT", data[:9]), chunk(b"IDAT", data[9:])])


def read(page: Page, file: bytes) -> list[int]:
    answer: list[int] = page.evaluate(READ, base64.b64encode(file).decode())
    return answer


@pytest.mark.parametrize("color_type", [GREY, PALETTE])
def test_every_filter_is_undone(visit: Visit, color_type: int) -> None:
    page = visit()
    ids = np.random.default_rng(0).integers(0, 256, (23, 17), dtype=np.uint8)
    assert read(page, plane_png(ids, color_type)) == [17, 23, *ids.ravel().tolist()]


def test_what_cannot_be_read_is_refused(visit: Visit) -> None:
    page = visit()
    ids = np.zeros((2, 3), np.uint8)
    for file, words in (
        (b"GIF89a", "no PNG"),
        (plane_png(ids, PALETTE, depth=4), "no plain 8-bit palette or grey PNG"),
        (plane_png(ids, COLOR), "no plain 8-bit palette or grey PNG"),
    ):
        with pytest.raises(Error, match=words):
            read(page, file)
