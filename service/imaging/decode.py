"""Bytes to an upright RGB photo."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from service.imaging.box import Box
from service.imaging.color import STRIP
from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.heic import decode_heic
from service.imaging.inspect import Limits, inspect
from service.imaging.photo_file import Header, PhotoFile

Image = npt.NDArray[np.uint8]
"""(height, width), (height, width, 3), RGB, or (height, width, 4), RGB and alpha; 0–255."""

REDUCTIONS: Final[Mapping[int, int]] = {
    # by how much the sides shrink → OpenCV's flag for that (on its own; the colours have a flag of theirs)
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def decode(data: bytes, max_pixels: int) -> Image:
    """Decodes a file to an upright photo (height, width, 3), sRGB.

    Grey, 16-bit, CMYK and palette pictures and those of other colour spaces become 8-bit sRGB; what is transparent
    becomes white, as on a page.

    Raises:
        PhotoError: the bytes are no usable picture, or it has more than ``max_pixels``.
        MemoryError: there is too little memory.
    """
    return decode_file(inspect(data, Limits(max_pixels)))


def decode_file(file: PhotoFile, reduction: int = 1) -> Image:
    """Decodes a file that was inspected, as :func:`decode` does.

    A JPEG can be decoded with sides 2, 4 or 8 times shorter, rounded up, at a fraction of the cost.

    Raises:
        PhotoError: the file is cut off or damaged.
        MemoryError: there is too little memory.
    """
    check_complete(file)
    return decode_clean(np.frombuffer(file.join(), np.uint8), file.header, reduction)


def check_complete(file: PhotoFile) -> None:
    """Raises :class:`TruncatedPhotoError` if the file ends before its picture does."""
    if not file.is_complete:
        raise TruncatedPhotoError("The file is cut off: it ends before the picture does. Send the whole file.")


def decode_clean(data: npt.NDArray[np.uint8], header: Header, reduction: int = 1, keep_alpha: bool = False) -> Image:
    """Decodes the clean file that belongs to a header. With ``keep_alpha``, what may be transparent
    (:attr:`Header.is_transparent`) comes with its alpha (height, width, 4) and is not laid on white.

    Raises:
        CorruptPhotoError: the file is damaged.
        MemoryError: there is too little memory.
    """
    pixels = _pixels(data, header, reduction)
    if header.is_transparent:
        pixels = _from_transparent(pixels, header, keep_alpha)
    elif header.color:
        pixels = np.require(pixels, requirements="W")  # a copy of pillow-heif's, which lie in read-only memory
        header.color.apply(pixels)
    return orient(pixels, header.orientation)


def _pixels(data: npt.NDArray[np.uint8], header: Header, reduction: int) -> npt.NDArray[Any]:
    """What the decoder gives for a file: RGB, or for one that may be transparent grey, BGR or BGRA of 8 or 16 bits."""
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | REDUCTIONS[reduction]
    pixels: npt.NDArray[Any] | None
    try:
        if header.type == "heic":
            pixels = decode_heic(data, header.is_transparent)
        else:
            pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED if header.is_transparent else flags)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        pixels = None
    stored = header.frame or header
    size = (ceil(stored.height / reduction), ceil(stored.width / reduction))
    if pixels is None or pixels.shape[:2] != size:
        # Decoders do not say when they got no memory.
        _check_memory(header.decoding_bytes(reduction))
        raise CorruptPhotoError("The file is damaged and cannot be decoded. Save the picture anew and send that.")
    return pixels


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory: Python's own, or OpenCV's."""
    return isinstance(error, MemoryError) or getattr(error, "code", None) == cv2.Error.StsNoMem


def _check_memory(size: int) -> None:
    """Raises :class:`MemoryError` if so many bytes are not to be had."""
    np.empty(size, np.uint8)


def _from_transparent(pixels: npt.NDArray[Any], header: Header, keep_alpha: bool) -> Image:
    """What OpenCV gives for a file that may be transparent, as sRGB on white, or as sRGB and alpha."""
    photo = np.empty((*pixels.shape[:2], 4 if keep_alpha else 3), np.uint8)
    rows = max(1, STRIP // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        strip = _rgba(pixels[top : top + rows], header)
        if header.color:
            header.color.apply(strip)
        photo[top : top + rows] = strip if keep_alpha else on_white(strip)
    return _in_frame(photo, header.frame, header.height, header.width) if header.frame else photo


def _in_frame(photo: Image, frame: Box, height: int, width: int) -> Image:
    """A photo (H, W, 3 or 4) with what is around it, which is transparent: white, or without colour and alpha."""
    whole = np.full((height, width, photo.shape[2]), 255 if photo.shape[2] == 3 else 0, np.uint8)
    whole[frame.area] = photo
    return whole


def _rgba(pixels: npt.NDArray[Any], header: Header) -> Image:
    """Grey, BGR or BGRA pixels of 8 or 16 bits as RGBA (height, width, 4) of 8 bits."""
    clear = None if header.clear_grey is None else pixels == _stored_grey(header.clear_grey, header.depth)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> header.depth - 8).astype(np.uint8)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    to_rgba = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[channels]
    rgba = np.asarray(cv2.cvtColor(pixels, to_rgba), np.uint8)
    if clear is not None:
        rgba[clear, 3] = 0
    return rgba


def _stored_grey(clear: int, depth: int) -> int:
    """The transparent sample of a grey PNG file, as OpenCV gives it: it leaves such pixels as they are."""
    return clear if depth >= 8 else clear * 255 // ((1 << depth) - 1)


def on_white(pixels: Image) -> Image:
    """Pixels with alpha (height, width, 4), RGBA, as they are on white (height, width, 3), RGB."""
    photo = np.empty((*pixels.shape[:2], 3), np.uint8)
    rows = max(1, STRIP // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        strip = pixels[top : top + rows]
        opacity = cv2.cvtColor(strip[..., 3], cv2.COLOR_GRAY2RGB)
        lit = cv2.multiply(cv2.cvtColor(strip, cv2.COLOR_RGBA2RGB), opacity, scale=1 / 255)
        photo[top : top + rows] = cv2.add(lit, cv2.bitwise_not(opacity))
    return photo


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
