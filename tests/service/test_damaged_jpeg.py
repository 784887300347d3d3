"""JPEGs whose bytes were changed on the way: what can be told from a sound file is refused, and no sound file is."""

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from service.imaging.decode import decode
from service.imaging.errors import CorruptPhotoError
from service.imaging.inspect import read_file
from service.imaging.text_damage import had_line_ends_changed
from tests.helpers.toy_model import png

PORTRAIT = Path("export/astronaut.jpg").read_bytes()
MIDDLE = len(PORTRAIT) // 2
CONVERSIONS = [
    (b"\n", b"\r\n"),
    (b"\r", b"\n"),
    (b"\n", b"\r"),
    (b"\r", b""),
    (b"\n", b""),
]


@pytest.mark.parametrize(("old", "new"), CONVERSIONS)
def test_a_picture_that_was_copied_as_a_text_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(CorruptPhotoError, match=r"changed its line ends \(CR, LF\)\. Copy the file as binary"):
        read_file(PORTRAIT.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [*CONVERSIONS, (b"\r\n", b"\n")])
def test_png_shows_it_by_its_signature(old: bytes, new: bytes) -> None:
    picture = png(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(CorruptPhotoError, match="line ends"):
        read_file(picture.replace(old, new))


def test_crlf_that_became_lf_is_seen_in_large_files_alone() -> None:
    noise = np.random.default_rng(3).bytes(4_000_000)
    assert not had_line_ends_changed(noise)
    assert had_line_ends_changed(noise.replace(b"\r\n", b"\n"))
    assert not had_line_ends_changed(noise[:100_000].replace(b"\r\n", b"\n"))


def test_a_part_of_zeros_is_refused() -> None:
    with pytest.raises(CorruptPhotoError, match="a part of its pixels has been overwritten with zeros"):
        read_file(PORTRAIT[:MIDDLE] + bytes(512) + PORTRAIT[MIDDLE + 512 :])


@pytest.mark.parametrize(
    "file",
    [
        PORTRAIT[:-2] + bytes(512) + PORTRAIT[-2:],
        PORTRAIT + bytes(512),
        PORTRAIT + b"<x:xmpmeta>\r\n</x:xmpmeta>\r\n" * 4000,
        PORTRAIT + PORTRAIT,
        b"\xff\xd8\xff\xfe\x80\x02" + b"line\r\n" * 5461 + b"er" + PORTRAIT[2:],
    ],
    ids=[
        "zeros before the end",
        "zeros after the end",
        "a text after the end",
        "another photo after it",
        "a comment of lines",
    ],
)
def test_what_cameras_and_editors_add_is_no_damage(file: bytes) -> None:
    assert (decode(file, 10**6) == decode(PORTRAIT, 10**6)).all()


@pytest.mark.parametrize(
    ("quality", "optimized", "progressive", "grey"), list(product([5, 75, 100], [0, 1], [0, 1], [False, True]))
)
def test_sound_files_of_one_color_in_part_or_throughout_are_read(
    quality: int, optimized: int, progressive: int, grey: bool
) -> None:
    portrait = cv2.imdecode(np.frombuffer(PORTRAIT, np.uint8), 0 if grey else 1)
    assert portrait is not None
    how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, optimized]
    how += [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    framed = cv2.copyMakeBorder(portrait, 0, 900, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    slope = np.tile(np.linspace(0, 255, 1024).astype(np.uint8), (1024, 1))
    for picture in (framed, slope, *(np.full((900, 900), level, np.uint8) for level in (0, 128, 255))):
        read_file(cv2.imencode(".jpg", picture, how)[1].tobytes())
