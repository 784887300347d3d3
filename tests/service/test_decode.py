"""Any photo becomes an upright 8-bit RGB photo; anything else is refused in words that help."""

import struct
import subprocess
import sys

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.imaging import errors
from service.imaging.decode import decode, orient
from service.imaging.formats.exif import read_orientation
from service.imaging.inspect import read_file
from tests.helpers.oriented_files import (
    BLUE,
    RED,
    encode,
    exif,
    jpeg_with_exif,
    png_with_chunk,
    two_colors,
    webp_with_exif,
)
from tests.helpers.toy_model import jpeg, png


def assert_two_colors(photo: npt.NDArray[np.uint8], tolerance: int = 0) -> None:
    assert photo.shape == (40, 60, 3)
    assert photo.dtype == np.uint8
    assert np.abs(photo[20, 15].astype(int) - RED).max() <= tolerance
    assert np.abs(photo[20, 45].astype(int) - BLUE).max() <= tolerance


def test_rgb_comes_out_of_every_type() -> None:
    bgr = two_colors()[..., ::-1]
    assert_two_colors(decode(encode(bgr, ".png"), 10_000))
    assert_two_colors(decode(jpeg(two_colors()), 10_000), tolerance=3)
    assert_two_colors(decode(encode(bgr, ".webp"), 10_000), tolerance=6)


def test_sixteen_bits_become_eight() -> None:
    deep = two_colors()[..., ::-1].astype(np.uint16) * 257
    assert_two_colors(decode(encode(deep, ".png"), 10_000))


def test_grey_becomes_rgb() -> None:
    grey = np.full((4, 6), 77, np.uint8)
    assert (decode(encode(grey, ".png"), 10_000) == 77).all()


def test_what_is_transparent_becomes_white() -> None:
    opacity = np.zeros((40, 60, 1), np.uint8)
    opacity[:, 30:] = 255
    photo = decode(encode(np.dstack([two_colors()[..., ::-1], opacity]), ".png"), 10_000)
    assert (photo[:, :30] == 255).all()
    assert (photo[:, 30:] == BLUE).all()


def test_transparency_of_sixteen_bits_and_of_a_single_color() -> None:
    half = np.dstack([two_colors()[..., ::-1], np.full((40, 60), 128, np.uint8)]).astype(np.uint16) * 257
    expected = np.array(RED) * 128 / 255 + 127
    assert np.abs(decode(encode(half, ".png"), 10_000)[0, 0] - expected).max() <= 1
    red_is_clear = png_with_chunk(png(two_colors()), b"tRNS", struct.pack(">HHH", *RED))
    photo = decode(red_is_clear, 10_000)
    assert (photo[0, 0] == 255).all()
    assert (photo[0, 59] == BLUE).all()


def test_cmyk_jpeg_has_the_right_colors() -> None:
    pillow = pytest.importorskip("PIL.Image", reason="needs Pillow to write a CMYK JPEG")
    from io import BytesIO

    file = BytesIO()
    pillow.fromarray(two_colors()).convert("CMYK").save(file, "JPEG", quality=95)
    assert_two_colors(decode(file.getvalue(), 10_000), tolerance=6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone_in_every_type(orientation: int) -> None:
    upright = two_colors()
    upright[:10] = (250, 250, 250)  # so that no two orientations look the same
    stored = orient(upright, {6: 8, 8: 6}.get(orientation, orientation))  # the inverse turn
    for data in (
        jpeg_with_exif(stored, orientation),
        png_with_chunk(png(stored), b"eXIf", exif(orientation, ">")),
        webp_with_exif(stored, orientation),
    ):
        photo = decode(data, 10_000)
        assert photo.shape == upright.shape
        assert np.abs(photo[[3, 30, 30], [30, 15, 45]].astype(int) - upright[[3, 30, 30], [30, 15, 45]]).max() < 9


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orient_agrees_with_opencvs_own_reading(orientation: int) -> None:
    data = jpeg_with_exif(two_colors(), orientation)
    theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert theirs is not None
    np.testing.assert_array_equal(decode(data, 10_000), theirs)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_there_is_not_counts_as_upright(orientation: int) -> None:
    assert read_orientation(exif(orientation)) == 1


@given(st.binary(max_size=60))
def test_damaged_exif_counts_as_upright(data: bytes) -> None:
    assert 1 <= read_orientation(data) <= 8


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"\0\0\0\x14ftypavif"]
    ),
)
def test_garbage_is_refused_and_never_crashes(garbage: bytes, magic: bytes) -> None:
    with pytest.raises(errors.PhotoError):
        decode(magic + garbage, 10_000)


@given(st.integers(1, 99), st.sampled_from([".jpg", ".png", ".webp"]))
def test_a_file_that_is_cut_off_is_never_half_a_picture(percent: int, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    data = encode(noise, suffix)
    with pytest.raises(errors.PhotoError):
        decode(data[: len(data) * percent // 100], 10_000)


def test_truncation_is_named() -> None:
    data = jpeg(two_colors())
    for part in (data[: len(data) // 3], data[: len(data) - 30]):
        with pytest.raises(errors.TruncatedPhotoError, match="Send the whole file"):
            decode(part, 10_000)


def test_a_damaged_file_that_is_whole_is_called_damaged() -> None:
    data = bytearray(png(two_colors()))
    data[45:60] = bytes(15)
    with pytest.raises(errors.CorruptPhotoError, match="damaged"):
        decode(bytes(data), 10_000)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"BM..........", "BMP"),
        (b"\0\0\0\x1cftypmif1....", "HEIF"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\1\0\1\0", r"Windows icon \(ICO\)"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"PK\3\4\x14\0", "ZIP"),
    ],
)
def test_known_types_that_are_not_decoded_are_named(data: bytes, name: str) -> None:
    with pytest.raises(errors.UnsupportedTypeError, match=name):
        read_file(data)


@pytest.mark.parametrize("picture", [png(two_colors()), jpeg(two_colors())])
def test_pictures_that_were_read_as_text_are_named(picture: bytes) -> None:
    for text in (picture.decode("latin-1"), picture.decode(errors="replace")):
        with pytest.raises(errors.NotAPhotoError, match="read them as text"):
            read_file(text.encode())


def test_a_text_is_shown() -> None:
    with pytest.raises(errors.NotAPhotoError, match="a text, “<!doctype html><title>A …”, and no picture"):
        read_file(b"<!doctype html><title>A page of a proxy</title>")


def test_nothing_and_text_are_told_apart() -> None:
    with pytest.raises(errors.EmptyPhotoError):
        decode(b"", 10_000)
    with pytest.raises(errors.NotAPhotoError, match="JPEG, PNG, WebP, GIF or AVIF"):
        decode(b"hello", 10_000)


def test_too_many_pixels_are_refused_from_the_header_alone() -> None:
    # 30,000×30,000 pixels by its header, and not one of them in the file: decoding would fail in another way.
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = png_with_chunk(b"\x89PNG\r\n\x1a\n" + bytes(25), b"IDAT", b"")
    bomb = bomb[:8] + struct.pack(">I", 13) + b"IHDR" + header + bytes(4) + bomb[33:]
    with pytest.raises(errors.TooManyPixelsError, match="900,000,000 pixels; at most 10,000"):
        decode(bomb, 10_000)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_the_limit_counts_pixels_exactly(suffix: str) -> None:
    data = encode(two_colors(), suffix)
    assert decode(data, 60 * 40).shape == (40, 60, 3)
    with pytest.raises(errors.TooManyPixelsError):
        decode(data, 60 * 40 - 1)


def test_a_side_longer_than_opencv_can_address_is_refused() -> None:
    with pytest.raises(errors.TooManyPixelsError, match="neither side"):
        decode(png(np.zeros((1, 40_000, 3), np.uint8)), 10**9)


def test_the_service_needs_no_torch() -> None:
    program = "import sys, service.cli; print([m for m in ('torch', 'training', 'export', 'onnx') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
