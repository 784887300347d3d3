"""Bytes to an upright RGB photo."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.inspect import Limits, inspect
from service.imaging.photo_file import Header, PhotoFile

Image = npt.NDArray[np.uint8]
"""Rows × columns, or rows × columns × 3 (RGB), 0–255."""

REDUCTIONS: Final[Mapping[int, int]] = {
    # by how much the sides shrink → OpenCV's flag for that (on its own; the colours have a flag of theirs)
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
STRIP: Final = 1 << 16
"""Pixels that are laid on white at once: what that takes beside the picture stays in the processor's cache."""


def decode(data: bytes, max_pixels: int) -> Image:
    """Decodes a JPEG, PNG or WebP file to an upright photo (height, width, 3), RGB.

    Grey, 16-bit, CMYK and palette pictures become 8-bit RGB; what is transparent becomes white, as on a page.

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


def decode_clean(data: npt.NDArray[np.uint8], header: Header, reduction: int = 1) -> Image:
    """Decodes the clean file that belongs to a header.

    Raises:
        CorruptPhotoError: the file is damaged.
        MemoryError: there is too little memory.
    """
    return orient(_pixels(data, header, reduction), header.orientation)


def _pixels(data: npt.NDArray[np.uint8], header: Header, reduction: int) -> Image:
    in_color = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | REDUCTIONS[reduction]
    is_special = header.has_alpha or header.clear_grey is not None
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED if is_special else in_color)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        pixels = None
    size = (ceil(header.height / reduction), ceil(header.width / reduction))
    if pixels is None or pixels.shape[:2] != size:
        # Decoders do not say when they got no memory.
        _check_memory(header.decoding_bytes(reduction))
        raise CorruptPhotoError("The file is damaged and cannot be decoded. Save the picture anew and send that.")
    if header.clear_grey is not None:
        return _grey_on_white(pixels, header.clear_grey, header.depth)
    return _on_white(pixels) if header.has_alpha else np.asarray(pixels, np.uint8)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory: Python's own, or OpenCV's."""
    return isinstance(error, MemoryError) or getattr(error, "code", None) == cv2.Error.StsNoMem


def _check_memory(size: int) -> None:
    """Raises :class:`MemoryError` if so many bytes are not to be had."""
    np.empty(size, np.uint8)


def _on_white(pixels: npt.NDArray[Any]) -> Image:
    """What OpenCV gives for a file with transparency (grey, BGR or BGRA; 8 or 16 bit), as RGB on white."""
    photo = np.empty((*pixels.shape[:2], 3), np.uint8)
    rows = max(1, STRIP // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        photo[top : top + rows] = _strip_on_white(pixels[top : top + rows])
    return photo


def _strip_on_white(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    if pixels.shape[2] == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    color = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB)
    opacity = cv2.cvtColor(pixels[..., 3], cv2.COLOR_GRAY2RGB)
    lit = cv2.multiply(color, opacity, scale=1 / 255)
    return cv2.add(lit, cv2.bitwise_not(opacity))


def _grey_on_white(pixels: npt.NDArray[Any], clear: int, depth: int) -> Image:
    """Grey pixels (H, W), 8 or 16 bit, of which those that were stored as ``clear`` in ``depth`` bits are transparent,
    as RGB on white. OpenCV leaves them as they are."""
    if depth < 8:
        clear = clear * 255 // ((1 << depth) - 1)
    grey = (pixels >> 8).astype(np.uint8) if depth == 16 else np.asarray(pixels, np.uint8)
    grey[pixels == clear] = 255
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


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
