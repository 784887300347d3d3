"""What a client takes for a photo, as the bytes that are sent."""

import os
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

Photo = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | npt.NDArray[np.uint8]
"""A JPEG, PNG or WebP file, as its bytes, its path or an open file; or pixels, uint8 (height, width, 3), RGB."""


def photo_bytes(photo: Photo) -> bytes:
    """The file to send. Pixels become a PNG, which loses nothing.

    Raises:
        OSError: the file cannot be read.
        TypeError, ValueError: this is no photo.
    """
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, str | os.PathLike):
        return Path(photo).read_bytes()
    if isinstance(photo, np.ndarray):
        return _png(photo)
    if hasattr(photo, "read"):
        content = photo.read()
        if isinstance(content, bytes):
            return content
        raise TypeError("The file is open as text. Open it with mode “rb”.")
    raise TypeError(f"A photo is bytes, a path, an open file or an array of pixels, not {type(photo).__name__}.")


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(
            f"Pixels must be uint8 of the shape (height, width, 3), RGB; these are {pixels.dtype} {pixels.shape}."
        )
    quickly = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quickly)[1])
