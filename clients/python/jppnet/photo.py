"""What is taken for a photo, as the bytes of a file; and such a file's pixels."""

import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Union

import numpy as np
import numpy.typing as npt

from jppnet.png import encode_png

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

# Not with “|”, which takes no names of types that may be missing here.
Photo = Union[bytes, bytearray, memoryview, str, os.PathLike[str], BinaryIO, npt.NDArray[np.uint8], "PillowImage"]
"""A photo: a file that the service reads (JPEG, PNG, WebP, GIF, AVIF; HEIC with its extra), as its bytes, its path or
an open file; a Pillow image; or pixels, uint8: (height, width) grey, or (height, width, 1–4): grey, grey and alpha,
RGB, RGBA. What is transparent is taken for white."""

ADDRESS: Final = re.compile(r"(https?|ftp|s3|gs|data):", re.IGNORECASE)
PNG_MODES: Final = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
"""Pillow's modes that a PNG file can have."""


def photo_bytes(photo: Photo, level: int = 1) -> bytes:
    """The photo's file. Pixels become a PNG, which loses nothing, packed with zlib's ``level``.

    A Pillow image is turned upright first, as its EXIF orientation says.

    Raises:
        OSError: the file cannot be read.
        TypeError, ValueError: this is no photo.
    """
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, str | os.PathLike):
        return _read_file(photo)
    if isinstance(photo, np.ndarray):
        return _encode_pixels(photo, level)
    if _is_pillow_image(photo):
        return _encode_image(photo, level)
    if hasattr(photo, "read"):
        content = photo.read()
        if isinstance(content, bytes):
            return content
        raise TypeError("The file is open as text. Open it with mode “rb”.")
    raise TypeError(
        f"A photo is bytes, a path, an open file, a Pillow image or an array of pixels, not {type(photo).__name__}."
    )


def photo_pixels(data: bytes) -> npt.NDArray[np.uint8]:
    """The upright pixels of a photo's file (height, width, 3), RGB; what is transparent is white.

    Raises:
        ImportError: neither Pillow nor OpenCV is installed.
        ValueError: the file cannot be decoded.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return _decode_with_opencv(data)
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    except OSError as error:
        raise ValueError(f"Pillow cannot decode the photo: {error}.") from error
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def _read_file(path: str | os.PathLike[str]) -> bytes:
    if isinstance(path, str) and ADDRESS.match(path):
        raise ValueError(
            f"“{path[:100]}” is an address, not a file here. Fetch it first and give the bytes, as of "
            "httpx.get(address, follow_redirects=True).content."
        )
    if isinstance(path, str) and path.startswith("file:"):
        raise ValueError(f"“{path[:100]}” is an address. Give the path that it names, without “file://”.")
    return Path(path).read_bytes()


def _encode_pixels(pixels: npt.NDArray[np.uint8], level: int) -> bytes:
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype == np.uint8 and pixels.ndim in (2, 3) and 1 <= channels <= 4 and pixels.size:
        return encode_png(pixels, level)
    hint = ""
    if pixels.dtype.kind == "f":
        hint = " Of numbers from 0 to 1, (255 * pixels).round().astype(numpy.uint8) makes them."
    elif pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4):
        hint = " Where channels come first, pixels.transpose(1, 2, 0) puts them last."
    raise ValueError(
        "Pixels must be uint8 of the shape (height, width), (height, width, 3), RGB, or (height, width, 4), RGBA; "
        f"these are {pixels.dtype} {pixels.shape}.{hint}"
    )


def _is_pillow_image(photo: object) -> bool:
    pillow = sys.modules.get("PIL.Image")  # who has an image has imported it
    return pillow is not None and isinstance(photo, pillow.Image)


def _encode_image(image: Any, level: int) -> bytes:
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    profile = upright.info.get("icc_profile")
    if upright.mode not in PNG_MODES:
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        profile = None  # it is of the colours before, like CMYK
    file = io.BytesIO()
    upright.save(file, "PNG", compress_level=level, icc_profile=profile)
    return file.getvalue()


def _decode_with_opencv(data: bytes) -> npt.NDArray[np.uint8]:
    try:
        import cv2
    except ImportError:
        raise ImportError(
            "A photo's file is decoded by Pillow: pip install pillow. Or give the pixels that were sent: "
            "overlay(pixels)."
        ) from None
    file = np.frombuffer(data, np.uint8)
    bgr = cv2.imdecode(file, cv2.IMREAD_COLOR) if file.size else None
    if bgr is None:
        raise ValueError("OpenCV cannot decode the photo.")
    stored = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
    if stored is not None and stored.shape == (*bgr.shape[:2], 4) and stored.dtype == np.uint8:
        opacity = stored[..., 3:].astype(np.float32) / 255
        bgr = np.rint(bgr * opacity + 255 * (1 - opacity)).astype(np.uint8)
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)
