"""Complete picture files: whether a file ends where its picture does.

Decoders fill what is missing at a file's end with grey and go on. A network would learn that, or label it.
"""

from typing import Final

SOI, EOI, SOS = b"\xff\xd8", b"\xff\xd9", 0xDA
"""JPEG's markers (ITU-T T.81): start and end of the image, start of a scan."""

PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xae\x42\x60\x82"

ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG markers without a length."""


def is_complete(data: bytes) -> bool:
    """Whether a JPEG, PNG or WebP file has its end; True for any other kind of file."""
    if data.startswith(SOI):
        scan = _first_scan(data)
        return scan is not None and data.find(EOI, scan) >= 0
    if data.startswith(PNG_START):
        return PNG_END in data[-4096:] or PNG_END in data
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return True


def _first_scan(data: bytes) -> int | None:
    """Offset of the coded pixels, after all segments before them; an end marker in a thumbnail lies in a segment."""
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            place += 1
            continue
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker in ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
            if marker == SOS:
                return place
    return None
