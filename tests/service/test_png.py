"""The mask's PNG: any reader gets the label ids back as pixel values, and shows the labels' colours."""

import struct
import zlib

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.imaging.png import Color, grey_png, palette_png

PALETTE: list[Color] = [(0, 0, 0), (255, 0, 0), (0, 255, 0), (51, 170, 221)]


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, their check sums checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, offset = [], 8
    while offset < len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        content = data[offset + 8 : offset + 8 + length]
        assert struct.unpack_from(">I", data, offset + 8 + length) == (zlib.crc32(kind + content),)
        found.append((kind, content))
        offset += 12 + length
    return found


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 3)))
def test_another_reader_sees_the_labels_colors(ids: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
    shown = cv2.imdecode(np.frombuffer(palette_png(ids, PALETTE), np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(shown, np.array(PALETTE, np.uint8)[ids])


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 3)))
def test_pixel_values_are_label_ids(ids: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
    parts = dict(chunks(palette_png(ids, PALETTE)))
    height, width = ids.shape
    assert parts[b"IHDR"] == struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    assert parts[b"PLTE"] == bytes(value for color in PALETTE for value in color)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert (rows[:, 0] == 2).all()
    np.testing.assert_array_equal(np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8), ids)


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_reader_gets_the_values_of_a_grey_png(plane: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
    data = grey_png(plane)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), plane)
    assert [kind for kind, _ in chunks(data)] == [b"IHDR", b"IDAT", b"IEND"]


def test_the_chunks_come_in_the_formats_order() -> None:
    kinds = [kind for kind, _ in chunks(palette_png(np.zeros((2, 2), np.uint8), PALETTE))]
    assert kinds == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]


def test_a_mask_is_small() -> None:
    y, x = np.mgrid[:830, :550]
    person = (((x - 275) / 120) ** 2 + ((y - 400) / 380) ** 2 < 1).astype(np.uint8) * 2
    assert len(palette_png(person, PALETTE)) < 5000
