"""Bytes to an upright RGB photo."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from service.imaging.errors import CorruptPhotoError, TooManyPixelsError, TruncatedPhotoError
from service.imaging.header import Header, read_header

Image = npt.NDArray[np.uint8]
"""Rows × columns, or rows × columns × 3 (RGB), 0–255."""

MAX_SIDE: Final = 32_766
"""Longest side in pixels: OpenCV addresses warped pictures with 16-bit integers."""


REDUCTIONS: Final[Mapping[int, int]] = {
    # by how much the sides shrink → OpenCV's flag for that (on its own; the colours have a flag of theirs)
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def decode(data: bytes, max_pixels: int) -> Image:
    """Decodes a JPEG, PNG or WebP file to an upright photo (height, width, 3), RGB.

    Grey, 16-bit, CMYK and palette pictures become 8-bit RGB; what is transparent becomes white, as on a page.

    Raises:
        PhotoError: the bytes are no usable picture, or it has more than ``max_pixels``.
    """
    return decode_file(data, inspect(data, max_pixels))


def inspect(data: bytes, max_pixels: int) -> Header:
    """The header of a file that may be decoded.

    Raises:
        PhotoError: the bytes are no picture that is decoded here, or it has more than ``max_pixels``.
    """
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise TooManyPixelsError(
            f"The photo has {header.width}×{header.height} = {header.width * header.height:,} pixels; at most "
            f"{max_pixels:,} are accepted. Scale it down and send it again."
        )
    if max(header.width, header.height) > MAX_SIDE:
        raise TooManyPixelsError(
            f"The photo is {header.width}×{header.height} pixels; neither side may be longer than {MAX_SIDE:,}."
        )
    return header


def decode_file(data: bytes, header: Header, reduction: int = 1) -> Image:
    """Decodes a file whose header was inspected, as :func:`decode` does.

    A JPEG can be decoded with sides 2, 4 or 8 times shorter, rounded up, at a fraction of the cost.

    Raises:
        PhotoError: the file is cut off or damaged.
    """
    return orient(_pixels(data, header, reduction), header.orientation)


def _pixels(data: bytes, header: Header, reduction: int) -> Image:
    in_color = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | REDUCTIONS[reduction]
    flags = cv2.IMREAD_UNCHANGED if header.has_alpha else in_color
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        pixels = None
    if pixels is None or pixels.shape[:2] != (ceil(header.height / reduction), ceil(header.width / reduction)):
        if not header.is_complete:
            raise TruncatedPhotoError("The file is cut off: it ends before the picture does. Send the whole file.")
        raise CorruptPhotoError("The file is damaged and cannot be decoded. Save the picture anew and send that.")
    return _on_white(pixels) if header.has_alpha else np.asarray(pixels, np.uint8)


def _on_white(pixels: npt.NDArray[Any]) -> Image:
    """What OpenCV gives for a file with transparency (grey, BGR or BGRA; 8 or 16 bit), as RGB on white."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    color = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB)
    opacity = cv2.cvtColor(pixels[..., 3], cv2.COLOR_GRAY2RGB)
    lit = cv2.multiply(color, opacity, scale=1 / 255)
    return np.asarray(cv2.add(lit, cv2.bitwise_not(opacity)), np.uint8)


def orient(image: Image, orientation: int) -> Image:
    """Turns and mirrors a stored picture as its EXIF orientation (1–8) says, so that it is upright."""
    turned: npt.NDArray[Any] = image
    match orientation:
        case 2:
            turned = cv2.flip(image, 1)
        case 3:
            turned = cv2.rotate(image, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(image, 0)
        case 5:
            turned = cv2.transpose(image)
        case 6:
            turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)
        case 8:
            turned = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.asarray(turned, np.uint8)
