"""Inspects a picture's file without decoding it: its type, whether it is within the limits, and a clean copy of it.

The size is known before any pixel is decoded, so an enormous picture costs nothing to refuse.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

from service.imaging.errors import (
    CorruptPhotoError,
    EmptyPhotoError,
    NotAPhotoError,
    PhotoError,
    TooManyPixelsError,
    TruncatedPhotoError,
    UnsupportedTypeError,
)
from service.imaging.formats import gif, png
from service.imaging.formats.gif import read_gif
from service.imaging.formats.heif import heif_type, read_heif
from service.imaging.formats.jpeg import read_jpeg
from service.imaging.formats.png import read_png
from service.imaging.formats.webp import read_webp
from service.imaging.heic import can_read_heic
from service.imaging.photo_file import PhotoFile
from service.imaging.text_damage import had_line_ends_changed

MAX_SIDE: Final = 32_766
"""Longest side in pixels: OpenCV addresses warped pictures with 16-bit integers."""
SUPPORTED: Final = "JPEG, PNG, WebP, GIF or AVIF"
HEIC_EXTRA: Final = (
    "This is a HEIC file. The service can read those once its extra `heic` is installed (pip install '.[heic]'); "
    f"until then, send the photo as {SUPPORTED}."
)
LINE_ENDS: Final = (
    "The file is damaged: something copied it as a text and changed its line ends (CR, LF). Copy the file as binary, "
    "and send that."
)
MAX_SCAN_BLOCKS: Final = 50_000_000
"""See :attr:`Limits.max_scan_blocks`. A camera's progressive photo of 64 megapixels has up to 15 million."""

_UNSUPPORTED: Final = (
    # (offset, first bytes, name)
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"%PDF", "PDF"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftyp", "QuickTime or MP4"),
    (0, b"\0\0\1\0", "Windows icon (ICO)"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"PK\3\4", "ZIP"),
    (0, b"\x93NUMPY", "NumPy"),
)
_READ_AS_TEXT: Final = (
    # How pictures begin of which each byte was taken for a character, or which lost what is none in UTF-8.
    *(b"\xc3\xbf\xc3\x98", b"\xef\xbf\xbd\xef\xbf\xbd"),
    *(b"\xc2\x89PNG", b"\xef\xbf\xbdPNG"),
)
_OTHER_LINE_ENDS: Final = tuple(
    png.SIGNATURE.replace(*change)
    for change in ((b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\r", b"\n"), (b"\r", b""), (b"\n", b"\r"), (b"\n", b""))
)
"""PNG's signature after a conversion of line ends, which it is made to show."""
_TEXT: Final = re.compile(rb"[\t\n\r -~]{8,64}")
_SHOWN: Final = 24
"""How many characters are shown of a text that was sent for a picture."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on what is decoded."""

    max_pixels: int
    max_scan_blocks: int = MAX_SCAN_BLOCKS
    """Maximum number of blocks of 8×8 pixels in all scans of a JPEG file with several scans. Each block takes up to
    about 25 ns, even if nothing is coded for it."""


def inspect(data: bytes, limits: Limits) -> PhotoFile:
    """Parses a file and checks it against the limits.

    Raises:
        PhotoError: the bytes are not a picture in a supported format, are damaged, or exceed the limits.
    """
    file = read_file(data, limits.max_scan_blocks)
    header = file.header
    if header.pixels > limits.max_pixels:
        raise TooManyPixelsError(
            f"The photo has {header.width}×{header.height} = {header.pixels:,} pixels; at most "
            f"{limits.max_pixels:,} are accepted. Scale it down and send it again."
        )
    if max(header.width, header.height) > MAX_SIDE:
        raise TooManyPixelsError(
            f"The photo is {header.width}×{header.height} pixels; neither side may be longer than {MAX_SIDE:,}."
        )
    return file


def read_file(data: bytes, max_scan_blocks: int = MAX_SCAN_BLOCKS) -> PhotoFile:
    """Understands a file of one of the supported formats; HEIC is one where the extra ``heic`` is installed.

    Raises:
        PhotoError: the bytes cannot be decoded here; its subclass and message say why.
    """
    if not data:
        raise EmptyPhotoError("There is no picture in the request: its body is empty.")
    try:
        if data.startswith(b"\xff\xd8"):
            if had_line_ends_changed(data):
                raise CorruptPhotoError(LINE_ENDS)
            return read_jpeg(data, max_scan_blocks)
        if data.startswith(png.SIGNATURE):
            return read_png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return read_webp(data)
        if data.startswith(gif.SIGNATURES):
            return read_gif(data)
        if kind := heif_type(data):
            if kind == "heic" and not can_read_heic():
                raise UnsupportedTypeError(HEIC_EXTRA)
            return read_heif(data, kind)
    except (struct.error, IndexError):
        raise TruncatedPhotoError("The file ends within its header. Send the whole file.") from None
    raise _unknown(data)


def _unknown(data: bytes) -> PhotoError:
    for offset, magic, name in _UNSUPPORTED:
        if data.startswith(magic, offset):
            return UnsupportedTypeError(f"This is a {name} file. Send the photo as {SUPPORTED}.")
    if data.startswith(_OTHER_LINE_ENDS):
        return CorruptPhotoError(LINE_ENDS)
    if data.startswith(_READ_AS_TEXT):
        return NotAPhotoError(
            "These bytes were a picture's, and were changed when something read them as text. Read the file as bytes, "
            "and send those."
        )
    if (text := data[:64]) and _TEXT.fullmatch(text):
        beginning = text[:_SHOWN].decode() + ("…" if len(data) > _SHOWN else "")
        return NotAPhotoError(f"This is a text, “{beginning}”, and no picture. Send a photo as {SUPPORTED}.")
    return NotAPhotoError(f"These bytes are not a picture in a known format. Send a photo as {SUPPORTED}.")
