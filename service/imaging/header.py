"""What a picture's header says, read without decoding: type, size, orientation, transparency.

The size is known before any pixel is decoded, so an enormous picture costs nothing to refuse.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from service.imaging.errors import (
    CorruptPhotoError,
    EmptyPhotoError,
    NotAPhotoError,
    TruncatedPhotoError,
    UnsupportedTypeError,
)

PhotoType = Literal["jpeg", "png", "webp"]

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
SUPPORTED: Final = "JPEG, PNG or WebP"

_UNSUPPORTED: Final = (
    # (offset, first bytes, name)
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"%PDF", "PDF"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftyphev", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftyp", "MP4 or QuickTime"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """A picture's header: the size as stored (before orientation, in pixels) and what decoding must respect."""

    type: PhotoType
    width: int
    height: int
    orientation: int
    """EXIF orientation, 1 (upright) to 8."""
    has_alpha: bool
    is_complete: bool
    """Whether the file's own end mark is there."""

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height after orientation: 5 to 8 lie on their side."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def read_header(data: bytes) -> Header:
    """Reads the header of a JPEG, PNG or WebP file.

    Raises:
        PhotoError: the bytes cannot be decoded here; its subclass and message say why.
    """
    if not data:
        raise EmptyPhotoError("There is no picture in the request: its body is empty.")
    try:
        if data.startswith(b"\xff\xd8\xff"):
            header = _read_jpeg(data)
        elif data.startswith(PNG_SIGNATURE):
            header = _read_png(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            header = _read_webp(data)
        else:
            raise _unknown(data)
    except (struct.error, IndexError):
        raise TruncatedPhotoError("The file ends within its header. Send the whole file.") from None
    if header.width < 1 or header.height < 1:
        raise CorruptPhotoError(
            f"The header says {header.width}×{header.height} pixels. Save the picture anew and send that."
        )
    return header


def _unknown(data: bytes) -> NotAPhotoError | UnsupportedTypeError:
    for offset, magic, name in _UNSUPPORTED:
        if data.startswith(magic, offset):
            return UnsupportedTypeError(f"This is a {name} file. Send the photo as {SUPPORTED}.")
    return NotAPhotoError(f"These bytes are no picture that is known here. Send a photo as {SUPPORTED}.")


def _read_jpeg(data: bytes) -> Header:
    width = height = 0
    orientation = 1
    scan = len(data)
    for marker, start, end in _jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, start + 1)
        elif marker == 0xE1 and data.startswith(b"Exif\0\0", start):
            orientation = read_orientation(data[start + 6 : end])
        elif marker == 0xDA:
            scan = start
            break
    if scan == len(data) or not width:
        raise TruncatedPhotoError("The JPEG file ends before its picture begins. Send the whole file.")
    # The end mark of a thumbnail inside the header does not count, hence the search from the scan on.
    return Header("jpeg", width, height, orientation, has_alpha=False, is_complete=data.find(b"\xff\xd9", scan) >= 0)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of the content of each segment, up to the start of the scan."""
    offset = 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            raise CorruptPhotoError("The JPEG file's header is damaged. Save the picture anew and send that.")
        marker = data[offset + 1]
        if marker == 0xFF:  # a fill byte
            offset += 1
            continue
        (length,) = struct.unpack_from(">H", data, offset + 2)
        yield marker, offset + 4, offset + 2 + length
        offset += 2 + length


def _read_png(data: bytes) -> Header:
    width, height, _, color_type = struct.unpack_from(">IIBB", data, 16)
    orientation, has_alpha, is_complete = 1, color_type in (4, 6), False
    offset = len(PNG_SIGNATURE)
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        if kind == b"tRNS":
            has_alpha = True
        elif kind == b"eXIf":
            orientation = read_orientation(data[offset + 8 : offset + 8 + length])
        elif kind == b"IEND":
            is_complete = True
        offset += 12 + length
    return Header("png", width, height, orientation, has_alpha, is_complete)


def _read_webp(data: bytes) -> Header:
    width = height = 0
    orientation, has_alpha = 1, False
    offset = 12
    while offset + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, offset)
        start = offset + 8
        if kind == b"VP8X":
            flags = data[start]
            has_alpha = bool(flags & 0x10)
            width = 1 + int.from_bytes(data[start + 4 : start + 7], "little")
            height = 1 + int.from_bytes(data[start + 7 : start + 10], "little")
        elif kind == b"VP8 " and not width:
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, start + 6))
        elif kind == b"VP8L" and not width:
            (bits,) = struct.unpack_from("<I", data, start + 1)
            width, height, has_alpha = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1)
        elif kind == b"EXIF":
            orientation = read_orientation(data[start : start + length].removeprefix(b"Exif\0\0"))
        offset = start + length + length % 2
    if not width:
        raise TruncatedPhotoError("The WebP file ends before its picture begins. Send the whole file.")
    (length,) = struct.unpack_from("<I", data, 4)
    return Header("webp", width, height, orientation, has_alpha, is_complete=len(data) >= 8 + length)


def read_orientation(exif: bytes) -> int:
    """The orientation (1–8) in a block of EXIF data; 1 if it has none or is damaged, as viewers do."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == 0x0112 and kind == 3:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
