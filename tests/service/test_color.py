"""Photos of other colour spaces become sRGB; what already is, and what cannot be read, stays as it is."""

import io
import re
import struct
import time
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from service.imaging.color import ColorConversion
from service.imaging.decode import decode
from service.imaging.formats import icc
from service.imaging.formats.icc import MAX_PROFILE, read_code_points, read_profile
from service.imaging.inspect import read_file
from service.imaging.srgb import SRGB_PROFILE
from tests.helpers.color_profiles import (
    ADOBE,
    ADOBE_RGB,
    DISPLAY_P3,
    P3,
    SRGB,
    SRGB_BY_TABLE,
    SRGB_CURVE,
    gamma,
    grey_profile,
    parametric,
    profile,
    rgb_profile,
    table,
    xyz,
)
from tests.helpers.oriented_files import png_with_chunk
from tests.helpers.photo_files import png_chunk, saved
from tests.helpers.toy_model import png

LCMS_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
COLORS = np.random.default_rng(3).integers(0, 256, (64, 80, 3), np.uint8)
EVERY_KIND = {
    "Display P3": DISPLAY_P3,
    "Adobe RGB": ADOBE_RGB,
    "gamma 1.8": rgb_profile(ADOBE, gamma(1.8)),
    "linear": rgb_profile(SRGB, b"curv" + bytes(8)),
    "table": rgb_profile(P3, table(0, 10_000, 30_000, 65_535)),
    "three curves": rgb_profile(P3, gamma(1.8), gamma(2.2), SRGB_CURVE),
    "parametric 0": rgb_profile(P3, parametric(0, 2.2)),
    "parametric 1": rgb_profile(P3, parametric(1, 2.0, 1.1, -0.1)),
    "parametric 2": rgb_profile(P3, parametric(2, 2.0, 1.02468, -0.05, 0.05)),
    "parametric 4": rgb_profile(P3, parametric(4, 2.2, 0.91086, 0.08, 0.2, 0.05, 0.02, 0.0)),
}


def converted(conversion: ColorConversion | None, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int_]:
    pixels = pixels.copy()
    if conversion:
        conversion.apply(pixels)
    return pixels.astype(int)


def by_littlecms(data: bytes, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int_]:
    source = ImageCms.ImageCmsProfile(io.BytesIO(data))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    picture = ImageCms.profileToProfile(Image.fromarray(pixels), source, LCMS_SRGB, intent, "RGB")
    assert picture
    return np.asarray(picture).astype(int)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_colors_are_those_of_littlecms(name: str) -> None:
    ours = converted(read_profile(EVERY_KIND[name], "rgb"), COLORS)
    theirs = by_littlecms(EVERY_KIND[name], COLORS)
    assert np.abs(ours - COLORS).max() > 10, "there is something to convert"
    difference = np.abs(ours - theirs)
    assert difference.max() <= (1 if name in ("Display P3", "Adobe RGB") else 3)
    assert difference.mean() < 0.1


def test_a_known_color() -> None:
    """P3's (255, 128, 0). Its light is (1, 0.2159, 0); by the matrix of CSS Color 4, sRGB's green gets
    −0.0420569 + 1.0420571 × 0.2159 = 0.1829 of it, which is 118.7 of 255; red is more than all, blue less than none."""
    color = np.array([[[255, 128, 0]]], np.uint8)
    assert np.abs(converted(read_profile(DISPLAY_P3, "rgb"), color)[0, 0] - (255, 119, 0)).max() <= 1


@pytest.mark.parametrize("space", [DISPLAY_P3, ADOBE_RGB])
def test_grey_stays_grey_from_black_to_white(space: bytes) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    found = converted(read_profile(space, "rgb"), ramp)
    assert found[0, [0, 255]].tolist() == [[0] * 3, [255] * 3]
    assert np.ptp(found, axis=2).max() <= 1
    assert (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize("data", [SRGB_PROFILE, LCMS_SRGB.tobytes(), SRGB_BY_TABLE, rgb_profile(SRGB, SRGB_CURVE)])
def test_srgb_by_whatever_profile_is_not_converted(data: bytes) -> None:
    assert read_profile(data, "rgb") is None


def test_grey_pictures_have_curves_of_their_own() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    found = converted(read_profile(grey_profile(gamma(1.0)), "grey"), ramp)[0, :, 0]
    assert found[[0, 64, 255]].tolist() == [0, round(255 * (1.055 * (64 / 255) ** (1 / 2.4) - 0.055)), 255]
    assert read_profile(grey_profile(gamma(1.0)), "rgb") is None, "no profile of a picture in colour"
    assert read_profile(DISPLAY_P3, "grey") is None, "grey is the same in both"
    assert read_profile(ADOBE_RGB, "grey")


def in_file(kind: str, icc_profile: bytes) -> bytes:
    how: dict[str, Any] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100},
    }
    return saved(COLORS, kind, icc_profile=icc_profile, **how.get(kind, {}))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("space", [DISPLAY_P3, ADOBE_RGB])
def test_a_profile_counts_in_every_format(kind: str, space: bytes) -> None:
    plain = decode(in_file(kind, b""), 10_000)
    found = decode(in_file(kind, space), 10_000).astype(int)
    np.testing.assert_array_equal(found, converted(read_profile(space, "rgb"), plain))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_profile_of_srgb_changes_nothing(kind: str) -> None:
    data = in_file(kind, LCMS_SRGB.tobytes())
    assert read_file(data).header.color is None
    np.testing.assert_array_equal(decode(data, 10_000), decode(in_file(kind, b""), 10_000))


def test_transparent_pixels_are_converted_before_they_are_laid_on_white() -> None:
    pixels = np.dstack([COLORS, np.full(COLORS.shape[:2], 128, np.uint8)])
    found = decode(saved(pixels, "PNG", icc_profile=DISPLAY_P3), 10_000)
    expected = converted(read_profile(DISPLAY_P3, "rgb"), COLORS) * 128 / 255 + 127
    assert np.abs(found - expected).max() <= 1


def test_a_profile_in_pieces() -> None:
    """Each of at most 65,519 bytes; small ones here, in any order."""
    plain = saved(COLORS, "JPEG", quality=95)
    half = len(DISPLAY_P3) // 2

    def piece(number: int, of: int, content: bytes) -> bytes:
        content = b"ICC_PROFILE\0" + bytes((number, of)) + content
        return b"\xff\xe2" + struct.pack(">H", 2 + len(content)) + content

    first, second = piece(1, 2, DISPLAY_P3[:half]), piece(2, 2, DISPLAY_P3[half:])
    expected = read_profile(DISPLAY_P3, "rgb")
    assert expected
    for pieces in (first + second, second + first):
        assert read_file(plain[:2] + pieces + plain[2:]).header.color == expected
    for pieces in (first, second, piece(0, 0, DISPLAY_P3), piece(1, 3, DISPLAY_P3) + second):
        assert read_file(plain[:2] + pieces + plain[2:]).header.color is None


def test_cmyk_is_converted_by_the_decoder_alone() -> None:
    assert read_file(saved(COLORS, "JPEG", "CMYK", icc_profile=DISPLAY_P3)).header.color is None


def test_code_points_of_h273() -> None:
    """AVIF, HEIC and PNG say so what ICC profiles say at length."""
    p3, profiled = read_code_points(12, 13), read_profile(DISPLAY_P3, "rgb")
    assert np.abs(converted(p3, COLORS) - converted(profiled, COLORS)).max() <= 1
    assert read_code_points(1, 13) is read_code_points(2, 2) is None
    assert read_code_points(12, 16) is None, "HDR's curve is not sRGB's"
    file = png_with_chunk(png(COLORS), b"cICP", bytes((12, 13, 0, 1)))
    np.testing.assert_array_equal(decode(file, 10_000), converted(p3, COLORS))


PLAIN = saved(COLORS, "JPEG", quality=95)
BROKEN = {
    "empty": b"",
    "text": b"no profile at all" * 20,
    "cut off": DISPLAY_P3[:300],
    "no signature": DISPLAY_P3.replace(b"acsp", b"nope"),
    "CMYK": DISPLAY_P3.replace(b"RGB ", b"CMYK"),
    "Lab": DISPLAY_P3.replace(b"XYZ ", b"Lab ", 1),
    "tables of colours only": profile({b"A2B0": b"mft2" + bytes(100)}),
    "a tag outside": re.sub(b"rXYZ....", b"rXYZ\xff\xff\xff\xf0", DISPLAY_P3, count=1, flags=re.DOTALL),
    "many tags": DISPLAY_P3[:128] + b"\xff\xff\xff\xff" + bytes(1000),
    "white is not white": rgb_profile([[0.1, 0.1, 0.1]] * 3, SRGB_CURVE),
    "primaries out of all proportion": rgb_profile([[900, 0, 0], [-899, 1, 0], [0, 0, 0.8]], SRGB_CURVE),
    "primaries of one colour": rgb_profile([[0.3214, 0.3333, 0.2750]] * 3, SRGB_CURVE),
    "everything is white": rgb_profile(P3, gamma(0)),
    "a curve that falls": rgb_profile(P3, table(0, 60_000, 20_000, 65_535)),
    "a table that is not there": rgb_profile(P3, b"curv" + bytes(4) + struct.pack(">I", 1 << 31)),
    "an unknown curve": rgb_profile(P3, parametric(9, 1.0)),
    "a curve without a slope": rgb_profile(P3, parametric(1, 2.0, 0.0, 0.0)),
    "a negative power of 0": rgb_profile(P3, parametric(0, -2.0)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_profile_that_makes_no_sense_is_ignored(name: str) -> None:
    assert read_profile(BROKEN[name], "rgb") is None
    assert BROKEN[name] not in (DISPLAY_P3, ADOBE_RGB)
    assert decode(saved(COLORS, "PNG", icc_profile=BROKEN[name] or None), 10_000).tolist() == COLORS.tolist()


@given(st.binary(max_size=60), st.integers(0, len(DISPLAY_P3)))
def test_whatever_is_in_a_profile_breaks_nothing(garbage: bytes, at: int) -> None:
    broken = DISPLAY_P3[:at] + garbage + DISPLAY_P3[at + len(garbage) :]
    found = converted(read_profile(broken, "rgb"), COLORS[:4])
    assert found.shape == (4, 80, 3)


def test_a_profile_that_inflates_to_a_gigabyte_costs_nothing() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    began = time.process_time()
    file = png_with_chunk(png(COLORS), b"iCCP", b"x\0\0" + bomb)
    assert (decode(file, 10_000) == COLORS).all()
    assert icc.inflated(bomb) == b""
    assert time.process_time() - began < 0.5


def test_profiles_beyond_the_limit_are_ignored() -> None:
    padded = DISPLAY_P3 + bytes(MAX_PROFILE)
    assert read_profile(padded, "rgb") is None
    for kind in ("JPEG", "PNG", "WEBP"):
        assert read_file(in_file(kind, padded)).header.color is None


def test_a_large_photo_is_converted_as_its_strips_are() -> None:
    large = np.tile(COLORS, (20, 20, 1))
    conversion = read_profile(DISPLAY_P3, "rgb")
    np.testing.assert_array_equal(converted(conversion, large), np.tile(converted(conversion, COLORS), (20, 20, 1)))
    opaque = np.asarray(cv2.cvtColor(large, cv2.COLOR_RGB2RGBA), np.uint8)
    assert np.array_equal(converted(conversion, opaque)[..., :3], converted(conversion, large))
    assert (converted(conversion, opaque)[..., 3] == 255).all()
    assert xyz(P3[0]) in DISPLAY_P3
    assert png_chunk(b"cICP")
