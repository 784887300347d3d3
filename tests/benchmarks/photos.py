"""The photos that are sent: as large as photos of people are."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

PORTRAIT: Final = Path(__file__).parents[2] / "export" / "astronaut.jpg"
COUNT: Final = 96
"""As many as there may be clients, and more."""
WIDTH: Final = 550
"""Pixels; the heights vary around 830, as street photos' do."""
QUALITY: Final = 80
"""Of the JPEG files: they get 60–70 kB, what street photos of that size have."""
LARGER: Final = (0.5, 1, 1, 2, 3, 4, 6)
"""How much larger than such a photo those of a mixed crowd are: from thumbnails to 16 megapixels."""


def street_photos(folder: Path | None) -> list[bytes]:
    """96 photos: the first of a folder by name, or without one views of the astronaut at about 550×830."""
    if folder is None:
        return [_jpeg(_view(number)) for number in range(COUNT)]
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in {".jpg", ".jpeg"})
    if len(files) < COUNT:
        raise SystemExit(f"{folder} holds {len(files)} JPEG files; {COUNT} are needed.")
    return [file.read_bytes() for file in files[:COUNT]]


def mixed_photos(photos: list[bytes]) -> list[bytes]:
    """Photos at other sizes, small and large."""
    return [_jpeg(_scaled(photo, factor)) for photo, factor in zip(photos, LARGER, strict=False)]


def numbered(photo: bytes, number: int) -> bytes:
    """The same JPEG with a comment in it: other bytes, the same picture, so that nobody can answer from memory."""
    return photo[:2] + b"\xff\xfe\x00\x0a%08d" % number + photo[2:]


def _view(number: int) -> npt.NDArray[np.uint8]:
    """The astronaut, seen a little more to the right seven times, then a little narrower."""
    portrait = np.asarray(cv2.imread(str(PORTRAIT)), np.uint8)
    height, left = 800 + 4 * (number // 8), 20 * (number % 8)
    width = round(portrait.shape[0] * WIDTH / height)
    return np.asarray(
        cv2.resize(portrait[:, left : left + width], (WIDTH, height), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def _scaled(photo: bytes, factor: float) -> npt.NDArray[np.uint8]:
    pixels = np.asarray(cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=interpolation), np.uint8)


def _jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1].tobytes()
