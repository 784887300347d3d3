"""GIF's first frame, AVIF, and HEIC where its extra is installed; without it HEIC is refused in words."""

import io
import struct
import time
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from service.imaging.decode import decode
from service.imaging.errors import (
    CorruptPhotoError,
    PhotoError,
    TooManyPixelsError,
    TruncatedPhotoError,
    UnsupportedTypeError,
)
from service.imaging.formats.heif import heif_type
from service.imaging.heic import can_read_heic
from service.imaging.inspect import Limits, inspect, read_file
from tests.helpers.color_profiles import DISPLAY_P3
from tests.helpers.oriented_files import two_colors
from tests.helpers.photo_files import (
    animated_gif,
    avifs,
    gif_file,
    gif_parts,
    gifs,
    heic_file,
    heics,
    moved_gif,
    saved,
    smooth,
)

needs_heic = pytest.mark.skipif(not can_read_heic(), reason="the extra `heic` is not installed")


def on_white(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    opacity = pixels[..., 3:] / 255
    return np.asarray(pixels[..., :3] * opacity + 255 * (1 - opacity), np.float64)


def by_pillow(data: bytes) -> npt.NDArray[np.float64]:
    return on_white(np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")))


@pytest.mark.parametrize("data", gifs())
def test_a_gif_has_pillows_pixels(data: bytes) -> None:
    file = read_file(data)
    assert file.is_complete
    if data != moved_gif():  # of a frame that does not fill the picture, Pillow fills the rest with black
        np.testing.assert_allclose(decode(data, 10_000), by_pillow(data), atol=1)
    again = read_file(file.join())
    assert again.join() == file.join()


def test_of_an_animated_gif_the_first_frame_is_left() -> None:
    file = read_file(animated_gif())
    assert sum(part[0] == 0x2C for part in gif_parts(file.join()) if len(part) > 9) == 1
    assert b"of no use" in animated_gif()
    assert b"of no use" not in file.join()


def test_around_a_frame_it_is_transparent() -> None:
    photo = decode(moved_gif(), 10_000)
    assert photo.shape == (16, 20, 3)
    inner = Image.open(io.BytesIO(gif_file(smooth(10, 8, 3), 4))).convert("RGB")
    np.testing.assert_array_equal(photo[2:10, 3:13], np.asarray(inner))
    photo[2:10, 3:13] = 255
    assert (photo == 255).all()


def test_a_frame_larger_than_its_gif_says_is_shown_whole() -> None:
    data = bytearray(gif_file(two_colors()))
    data[6:10] = struct.pack("<HH", 1, 1)
    np.testing.assert_array_equal(decode(bytes(data), 10_000), decode(gif_file(two_colors()), 10_000))


def test_the_size_of_a_gif_is_limited_before_it_is_decoded() -> None:
    data = bytearray(gif_file(two_colors()))
    data[6:10] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(TooManyPixelsError, match="3,600,000,000 pixels"):
        inspect(bytes(data), Limits(10_000))


def test_short_blocks_of_a_gif_are_refused_in_no_time() -> None:
    data = gif_file(two_colors())
    end = data.index(b"\x2c", 13 + 3 * (2 << (data[10] & 7))) + 11
    began = time.process_time()
    for many in (
        data[:end] + b"\1\0" * 5_000_000,
        data[:end] + b"\1a" * 5_000_000,
        data[:13] + b"!\xfe\1a\0" * 5_000_000,
    ):
        with pytest.raises(PhotoError):
            read_file(many)
    with pytest.raises(CorruptPhotoError, match="more than 16,384 parts"):
        read_file(data[:end] + b"\1a" * 5_000_000)
    assert time.process_time() - began < 2


def test_a_gif_without_colours_or_picture_is_damaged() -> None:
    data = gif_file(two_colors())
    for broken in (
        data[:10] + bytes((data[10] & 0x7F,)) + data[11:13] + data[13 + 3 * (2 << (data[10] & 7)) :],
        data[:13],
    ):
        with pytest.raises(PhotoError):
            decode(broken, 10_000)
    palette = data[: 13 + 3 * (2 << (data[10] & 7))]
    with pytest.raises(CorruptPhotoError, match="it has no picture"):
        read_file(palette + b";")
    with pytest.raises(TruncatedPhotoError):
        read_file(palette)


@pytest.mark.parametrize("data", [gifs()[0], animated_gif(), *avifs()])
def test_every_beginning_of_a_file_is_refused_in_words(data: bytes) -> None:
    whole = read_file(data).size if data[:3] == b"GIF" else len(data)
    for end in range(1, whole - 2, 23):
        with pytest.raises(PhotoError, match=r"\.$"):
            decode(data[:end], 10_000)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["avif", pytest.param("heic", marks=needs_heic)])
def test_a_picture_is_turned_as_its_boxes_say(kind: str, orientation: int) -> None:
    upright = two_colors()
    upright[:10] = (250, 250, 250)  # so that no two orientations look the same
    exif = Image.Exif()
    exif[0x0112] = orientation
    png = saved(upright, "PNG", exif=exif.tobytes())
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(png)))).astype(int)
    if kind == "avif":
        data = saved(upright, "AVIF", quality=95, subsampling="4:4:4", exif=exif.tobytes())
    else:
        data = heic_file(upright, orientation, quality=95)
    file = read_file(data)
    assert file.header.upright_size == expected.shape[1::-1]
    assert np.abs(decode(data, 10_000) - expected).max() <= 3


@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("channels", [3, 4])
def test_avif_of_any_depth(depth: int, channels: int) -> None:
    pixels = smooth(40, 30, channels)
    deep = pixels.astype(np.uint16) << depth - 8 if depth > 8 else pixels
    order = cv2.COLOR_RGB2BGR if channels == 3 else cv2.COLOR_RGBA2BGRA
    options = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 98]
    data = cv2.imencode(".avif", cv2.cvtColor(deep, order), options)[1].tobytes()
    header = read_file(data).header
    assert (header.type, header.has_alpha, header.depth) == ("avif", channels == 4, depth)
    expected = pixels.astype(int) if channels == 3 else on_white(pixels)
    assert np.abs(decode(data, 10_000) - expected).mean() < 6


def test_of_an_animated_avif_the_first_frame_is_shown() -> None:
    animated = next(data for data in avifs() if data[8:12] == b"avis")
    assert np.abs(decode(animated, 10_000).astype(int) - smooth(40, 30, 3, 0)).mean() < 6
    assert np.abs(decode(animated, 10_000).astype(int) - smooth(40, 30, 3, 1)).mean() > 20


def test_grey_avif_is_rgb() -> None:
    grey = saved(np.full((30, 40, 3), 77, np.uint8), "AVIF", "L")
    assert np.abs(decode(grey, 10_000).astype(int) - 77).max() <= 1


def test_the_size_of_an_avif_is_limited_before_it_is_decoded() -> None:
    data = avifs()[0]
    at = data.index(b"ispe") + 8
    forged = data[:at] + struct.pack(">2I", 30_000, 30_000) + data[at + 8 :]
    with pytest.raises(TooManyPixelsError, match="900,000,000 pixels"):
        inspect(forged, Limits(10_000))
    smaller = data[:at] + struct.pack(">2I", 20, 10) + data[at + 8 :]
    assert decode(smaller, 10_000).shape == (10, 20, 3), "the size that counts is the one that is checked"


@pytest.mark.parametrize("box", [b"meta", b"pitm", b"iprp", b"ipco", b"ipma", b"ispe"])
def test_an_avif_that_lacks_a_box_is_damaged(box: bytes) -> None:
    with pytest.raises(PhotoError, match=r"Save the picture anew|Send the whole file"):
        decode(avifs()[0].replace(box, b"free"), 10_000)


def test_brands_tell_what_a_file_is() -> None:
    def file(brand: bytes, *others: bytes) -> bytes:
        return struct.pack(">I4s4s4x", 16 + 4 * len(others), b"ftyp", brand) + b"".join(others)

    assert heif_type(file(b"avif")) == "avif"
    assert heif_type(file(b"mif1", b"miaf", b"heic")) == "heic"
    assert heif_type(file(b"mif1", b"avif")) == "avif"
    assert heif_type(file(b"mp42", b"isom")) is heif_type(b"\xff\xd8\xff\xe0") is None
    with pytest.raises(UnsupportedTypeError, match="MP4"):
        read_file(file(b"mp42", b"isom"))


def test_without_the_extra_heic_is_refused_in_words() -> None:
    heic = struct.pack(">I4s4s4x4s", 20, b"ftyp", b"heic", b"mif1")
    with (
        patch("service.imaging.inspect.can_read_heic", lambda: False),
        pytest.raises(UnsupportedTypeError, match=r"HEIC.*pip install '\.\[heic\]'.*JPEG, PNG, WebP, GIF or AVIF"),
    ):
        read_file(heic)


@needs_heic
@pytest.mark.parametrize("number", range(9))
def test_heic_has_the_pixels_that_were_saved(number: int) -> None:
    data = heics()[number]
    header = read_file(data).header
    photo = decode(data, 100_000)
    assert header.type == "heic"
    assert photo.shape[1::-1] == header.upright_size
    assert header.has_alpha == (number == 4)
    expected = [smooth(64, 48, 3)] * 9
    if number in (0, 6):
        assert np.abs(photo.astype(int) - expected[number]).mean() < 6
    if number == 4:
        assert np.abs(photo - on_white(smooth(64, 48, 4))).mean() < 8


@needs_heic
@pytest.mark.parametrize("channels", [3, 4])
def test_a_telephones_display_p3_becomes_srgb(channels: int) -> None:
    pixels = np.full((64, 48, channels), 255, np.uint8)
    pixels[..., :3] = (230, 120, 60)
    data = heic_file(pixels, profile=DISPLAY_P3, quality=100)
    photo = decode(data, 100_000)
    assert np.abs(photo.astype(int) - (247, 112, 38)).max() <= 3
    assert np.array_equal(decode(data, 100_000), photo), "the decoder's own memory is as it was"


@needs_heic
def test_every_beginning_of_a_heic_is_refused_in_words() -> None:
    data = heics()[0]
    for end in range(1, len(data) - 1, 61):
        with pytest.raises(PhotoError, match=r"\.$"):
            decode(data[:end], 10_000)
