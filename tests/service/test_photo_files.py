"""Files are understood as a whole, and the decoder sees nothing that was not."""

import base64
import struct
import time
import zlib
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.imaging.decode import decode
from service.imaging.errors import CorruptPhotoError, PhotoError, TooManyScansError, TruncatedPhotoError
from service.imaging.formats import jpeg_markers
from service.imaging.formats.exif import read_orientation
from service.imaging.formats.parts import MAX_PARTS
from service.imaging.inspect import Limits, inspect, read_file
from tests.helpers.oriented_files import exif, jpeg_with_exif, png_with_chunk, two_colors
from tests.helpers.photo_files import (
    PNG_SIGNATURE,
    animated_webp,
    apng_file,
    jpeg_parts,
    jpegs,
    png_chunk,
    png_file,
    png_header,
    png_parts,
    pngs,
    saved,
    smooth,
    webp_parts,
    webps,
)
from tests.helpers.toy_model import jpeg, png

Image = npt.NDArray[np.uint8]


def opencv(data: bytes, flags: int) -> Image:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    assert pixels is not None
    return np.asarray(pixels)


@pytest.mark.parametrize("files", [pngs, jpegs, webps])
def test_a_clean_file_has_the_same_pixels(files: object) -> None:
    assert callable(files)
    for number, data in enumerate(files()):
        file = read_file(data)
        assert file.is_complete
        flag = cv2.IMREAD_UNCHANGED if file.header.has_alpha else cv2.IMREAD_COLOR_RGB
        assert np.array_equal(opencv(file.join(), flag), opencv(data, flag)), f"number {number}"
        assert (file.header.height, file.header.width) == opencv(data, flag).shape[:2]
        assert read_file(file.join()).join() == file.join()


def test_of_an_animated_png_only_the_first_picture_is_decoded() -> None:
    file = read_file(apng_file())
    assert [part[4:8] for part in list(png_parts(file.join()))[1:]] == [b"IHDR", b"IDAT", b"IEND"]
    assert (decode(apng_file(), 10_000) == 0x40).all()


def test_the_animation_that_broke_the_decoder_is_an_ordinary_picture() -> None:
    """A frame that inflates to something else than pixels: OpenCV 5.0 ends the process over it."""
    rows = [zlib.compress((filter_ + b"\x40" * 48) * 16) for filter_ in (b"\0", b"\x09", b"\0")]
    control = [png_chunk(b"fcTL", struct.pack(">5I2H2B", number, 16, 16, 0, 0, 1, 10, 0, 0)) for number in (0, 2)]
    data = [png_chunk(b"fdAT", struct.pack(">I", number) + rows[number // 2 + 1]) for number in (1, 3)]
    animation = png_chunk(b"acTL", struct.pack(">2I", 2, 0)) + png_chunk(b"IDAT", rows[0])
    file = PNG_SIGNATURE + png_header(16, 16) + animation + control[0] + data[0] + control[1] + data[1]
    assert (decode(file + png_chunk(b"IEND"), 10_000) == 0x40).all()


def test_a_length_beyond_the_file_is_never_shown_to_the_decoder() -> None:
    data = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjd////AElEQVQAAAAAAAAAAA==")
    assert not read_file(data).is_complete
    with pytest.raises(TruncatedPhotoError):
        decode(data, 10_000)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP", b"tEXt", b"vpAg"])
def test_texts_in_a_png_are_left_out(kind: bytes) -> None:
    text = zlib.compress(bytes(1_000_000))
    bomb = png_with_chunk(png(two_colors()), kind, b"x\0\0" + (b"\1\0\0\0" if kind == b"iTXt" else b"") + text)
    assert read_file(bomb).join() == png(two_colors())


@pytest.mark.parametrize(
    ("how", "blocks"),
    [
        ({"subsampling": 0}, 8 * 6 * 3),
        ({"subsampling": 2}, 4 * 3 * 6),
        ({"mode": "L"}, 8 * 6),
        ({"mode": "CMYK"}, 8 * 6 * 4),
        ({"progressive": True}, 0),
    ],
)
def test_blocks_of_a_single_sequential_scan_are_counted(how: dict[str, object], blocks: int) -> None:
    header = read_file(saved(smooth(64, 48, 3), "JPEG", **how)).header  # type: ignore[arg-type]
    assert header.sequential_blocks == blocks


def test_what_is_not_quite_a_single_sequential_scan_is_none() -> None:
    plain = saved(smooth(64, 48, 3), "JPEG")
    frame, scan, tables = plain.index(b"\xff\xc0"), plain.index(b"\xff\xda"), plain.index(b"\xff\xdb")
    table = plain[tables : tables + 2 + int.from_bytes(plain[tables + 2 : tables + 4], "big")]
    one_plane = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + plain[scan + 14 :]
    others = {
        "arithmetic": plain[:frame] + b"\xff\xc9" + plain[frame + 2 :],
        "lossless": plain[:frame] + b"\xff\xc3" + plain[frame + 2 :],
        "with arithmetic tables": plain[:frame] + b"\xff\xcc\0\4\0\x10" + plain[frame:],
        "two scans": plain[:-2] + plain[scan:],
        "a scan of one plane": plain[:scan] + one_plane,
        "some coefficients": plain[: scan + 12] + b"\x3e" + plain[scan + 13 :],
        "some bits": plain[: scan + 13] + b"\1" + plain[scan + 14 :],
        "tables behind the scan": plain[:-2] + table + plain[-2:],
    }
    assert read_file(plain).header.sequential_blocks == 4 * 3 * 6
    assert {name: read_file(data).header.sequential_blocks for name, data in others.items()} == dict.fromkeys(others, 0)


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded() -> None:
    small = saved(smooth(64, 64, 3), "JPEG", progressive=True)
    parts = list(jpeg_parts(small))
    last = next(number for number in reversed(range(len(parts))) if parts[number][1] == 0xDA)
    many = b"".join([*parts[:last], *[parts[last]] * 3000, *parts[last + 1 :]])
    blocks = sum(8 * 8 for _ in range(3000))
    assert inspect(many, Limits(10**6, 10 * blocks)).is_complete
    with pytest.raises(TooManyScansError, match="Save it as a baseline JPEG"):
        inspect(many, Limits(10**6, blocks - 1))


def test_every_progressive_photo_of_the_largest_size_is_let_through() -> None:
    """The libraries' own scripts for 4:4:4, the most that programs write, on 64 megapixels."""
    parts = list(jpeg_parts(saved(smooth(64, 64, 3), "JPEG", progressive=True, subsampling=0)))
    frame = next(number for number, part in enumerate(parts) if part[1] == 0xC2)
    parts[frame] = parts[frame][:5] + struct.pack(">HH", 8000, 8000) + parts[frame][9:]
    header = inspect(b"".join(parts), Limits(64_000_000)).header
    assert (header.width, header.height) == (8000, 8000)
    assert header.held == 3 * 2 * 8000 * 8000


@pytest.mark.parametrize("marker", [0x01, *range(0xD0, 0xD8)])
def test_a_marker_without_parameters_hides_no_header(marker: int) -> None:
    """Read as a segment with a length it would hide the true header, which decoders see."""
    parts = list(jpeg_parts(jpeg(two_colors())))
    frame = next(number for number, part in enumerate(parts) if part[1] == 0xC0)
    larger = parts[frame][:5] + struct.pack(">HH", 400, 600) + parts[frame][9:]
    hidden = bytes((0xFF, marker)) + struct.pack(">H", 2 + len(larger)) + larger
    data = b"".join([*parts[:frame], hidden, *parts[frame:]])
    with pytest.raises(CorruptPhotoError):  # two headers
        read_file(data)
    only = read_file(b"".join([*parts[:frame], hidden, *parts[frame + 1 :]]))
    assert (only.header.width, only.header.height) == (600, 400)


def test_zero_after_ff_is_no_marker() -> None:
    parts = list(jpeg_parts(jpeg(two_colors())))
    data = b"".join([parts[0], b"\xff\0\0\x40", *parts[1:]])
    np.testing.assert_array_equal(decode(data, 10_000), decode(jpeg(two_colors()), 10_000))


@pytest.mark.parametrize("stray", [b"\0", b"\0\0\0", b"\x12\x34"])
def test_stray_bytes_before_a_marker_are_skipped(stray: bytes) -> None:
    parts = list(jpeg_parts(jpeg(two_colors())))
    for at in range(1, len(parts)):
        data = b"".join([*parts[:at], stray, *parts[at:]])
        np.testing.assert_array_equal(decode(data, 10_000), decode(jpeg(two_colors()), 10_000))


def test_what_follows_the_end_is_left_out() -> None:
    for data in (jpeg(two_colors()), png(two_colors()), saved(two_colors(), "WEBP")):
        assert read_file(data + b"\xff\xd8 more, as telephones append").join() == read_file(data).join()


def test_a_webp_header_behind_the_picture_counts_for_nothing() -> None:
    plain = saved(two_colors(), "WEBP")
    late = b"VP8X" + struct.pack("<IB3x", 10, 0) + b"\xff\x3f\0" * 2
    data = plain + late
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    assert read_file(data).header.upright_size == (60, 40)
    assert read_file(data).join() == plain


def test_a_webp_header_must_say_its_pictures_size() -> None:
    parts = list(webp_parts(saved(smooth(60, 40, 4), "WEBP")))
    assert parts[1][:4] == b"VP8X"
    parts[1] = parts[1][:12] + (9_999).to_bytes(3, "little") + parts[1][15:]
    with pytest.raises(CorruptPhotoError, match="differ in size"):
        read_file(b"".join(parts))


def test_of_an_animated_webp_only_the_first_frame_is_left() -> None:
    data = animated_webp(40, 30, 3)
    parts = list(webp_parts(read_file(data).join()))
    assert [part[:4] for part in parts[1:]] == [b"VP8X", b"ANIM", b"ANMF"]
    assert read_file(data).size < len(data)


def test_many_empty_parts_are_refused_in_no_time() -> None:
    many = MAX_PARTS * 4
    header, rest = png(two_colors())[:33], png(two_colors())[33:]
    files = [
        header + png_chunk(b"abCD") * many + rest,
        header + png_chunk(b"IDAT") * many + rest,
        b"\xff\xd8" + b"\xff\xfe\0\2" * many + jpeg(two_colors())[2:],
        b"\xff\xd8" + b"\xff\xd0" * many + jpeg(two_colors())[2:],
        b"RIFF" + struct.pack("<I", 10**6) + b"WEBP" + b"abcd\0\0\0\0" * many,
    ]
    began = time.process_time()
    for data in files:
        with pytest.raises(CorruptPhotoError, match="more than 16,384 parts"):
            read_file(data)
    assert time.process_time() - began < 3


def test_many_bytes_of_fill_are_walked_through_once() -> None:
    parts = list(jpeg_parts(jpeg(two_colors())))
    scan = next(number for number, part in enumerate(parts) if part[1] == 0xDA)
    fill = b"\xff" * 2_000_000
    for data in (
        b"".join([parts[0], fill, *parts[1:]]),
        b"".join([*parts[: scan + 1], fill, *parts[scan + 1 :]]),
        b"".join([*parts[: scan + 1], fill, b"\0"]),
    ):
        began = time.process_time()
        read_file(data)
        assert time.process_time() - began < 1


@given(
    st.lists(st.sampled_from([b"\xff", b"\xff", b"\xff", b"\0", b"\xd3", b"a", b"abcdefgh"]), max_size=60).map(
        b"".join
    ),
    st.integers(0, 9),
    st.sampled_from([b"\0\xff", b"\0\xff\xd3"]),
)
def test_markers_are_found_in_any_bytes_in_windows_of_any_size(data: bytes, start: int, no_markers: bytes) -> None:
    pairs = range(start, len(data) - 1)
    expected = next((at for at in pairs if data[at] == 0xFF and data[at + 1] not in no_markers), None)
    for smallest, dense in ((2, 0), (2, 0.5), (2, 9), (1000, 0), (1000, 9)):
        with patch.multiple(jpeg_markers, SMALLEST=smallest, LARGEST=max(8, smallest), DENSE=dense):
            assert jpeg_markers.find_marker(data, start, no_markers) == expected


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_with_a_transparent_level_is_laid_on_white(depth: int) -> None:
    clear = (1 << depth) - 1 - (depth > 1)  # not the lightest, where there are more than two
    data = png_file(0, depth, before=png_chunk(b"tRNS", struct.pack(">H", clear)))
    raw = zlib.decompress(b"".join(part[8:-4] for part in png_parts(data) if part[4:8] == b"IDAT"))
    row = 1 + (21 * depth + 7) // 8
    bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(13, row)[:, 1:], axis=1)[:, : 21 * depth]
    levels = bits.reshape(13, 21, depth) @ (1 << np.arange(depth)[::-1])
    expected = np.where(levels == clear, 255, levels * 255 // ((1 << depth) - 1) if depth < 16 else levels >> 8)
    if depth < 16:
        assert (levels == clear).any()
    np.testing.assert_array_equal(decode(data, 10_000), np.dstack([expected] * 3))


def test_a_transparent_level_of_sixteen_bits_is_told_from_its_neighbours() -> None:
    row = struct.pack(">BHHH", 0, 0x4040, 0x4041, 0x8080)
    data = PNG_SIGNATURE + png_header(3, 1, 16, 0) + png_chunk(b"tRNS", b"\x40\x40")
    data += png_chunk(b"IDAT", zlib.compress(row)) + png_chunk(b"IEND")
    assert decode(data, 10)[0, :, 0].tolist() == [255, 0x40, 0x80]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_may_be_stored_as_a_long_number(orientation: int, order: str) -> None:
    mark = b"II" if order == "<" else b"MM"
    data = mark + struct.pack(f"{order}HIHHHIII", 42, 8, 1, 0x0112, 4, 1, orientation, 0)
    assert read_orientation(data) == orientation


def test_the_first_of_two_exif_blocks_counts() -> None:
    twice = jpeg_with_exif(two_colors(), 6)
    second = b"Exif\0\0" + exif(3)
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(second)) + second
    parts = list(jpeg_parts(twice))
    assert read_file(b"".join([*parts[:2], segment, *parts[2:]])).header.orientation == 6
    assert read_file(b"".join([parts[0], segment, *parts[1:]])).header.orientation == 3
    pngs = png_with_chunk(png_with_chunk(png(two_colors()), b"eXIf", exif(3)), b"eXIf", exif(6))
    assert read_file(pngs).header.orientation == 6


@pytest.mark.parametrize("data", [*pngs()[:3], *jpegs()[:2], *webps()[:3]])
def test_every_beginning_of_a_file_is_refused_in_words(data: bytes) -> None:
    for end in range(1, read_file(data).size - 1, 7):
        with pytest.raises(PhotoError, match=r"\.$"):
            decode(data[:end], 10_000)
