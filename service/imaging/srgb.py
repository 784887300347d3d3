"""Pictures that say that their colours are sRGB."""

import struct
from typing import Final

from service.imaging.decode import Image
from service.imaging.png import png_chunk

PNG_HEADER: Final = 33
"""Bytes of a PNG's signature and first chunk."""
PERCEPTUAL: Final = b"\0"
JFIF: Final = 20
"""Bytes of a JPEG's beginning and its JFIF segment."""


def png_in_srgb(png: Image) -> bytes:
    """A PNG, as OpenCV encodes it, with the chunk ``sRGB`` (https://www.w3.org/TR/png-3/#11sRGB)."""
    return b"".join((png[:PNG_HEADER].data, png_chunk(b"sRGB", PERCEPTUAL), png[PNG_HEADER:].data))


def jpeg_in_srgb(jpeg: Image) -> bytes:
    """A JPEG, as OpenCV encodes it, that begins with a JFIF segment, with a profile (ICC.1:2022, annex B.4)."""
    return b"".join((jpeg[:JFIF].data, _PROFILE_SEGMENT, jpeg[JFIF:].data))


def _numbers(*values: float) -> bytes:
    """Numbers as ICC profiles have them: 16 bits before the point, and 16 after it."""
    return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))


def _text(text: str) -> bytes:
    return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", 2 * len(text), 28) + text.encode("utf-16-be")


def _profile() -> bytes:
    """The least profile of sRGB: IEC 61966-2-1 as a parametric curve, and its primaries adapted to the white D50."""
    curve = b"para\0\0\0\0\0\3\0\0" + _numbers(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    contents = {
        b"desc": _text("sRGB"),
        b"cprt": _text("CC0"),
        b"wtpt": b"XYZ \0\0\0\0" + _numbers(0.9642, 1, 0.8249),
        b"rXYZ": b"XYZ \0\0\0\0" + _numbers(0.43607, 0.22249, 0.01392),
        b"gXYZ": b"XYZ \0\0\0\0" + _numbers(0.38515, 0.71687, 0.09708),
        b"bXYZ": b"XYZ \0\0\0\0" + _numbers(0.14307, 0.06061, 0.71410),
        b"rTRC": curve,
    }
    start = 132 + 12 * (len(contents) + 2)
    table, body = b"", b""
    for name, content in contents.items():
        for tag in (b"rTRC", b"gTRC", b"bTRC") if name == b"rTRC" else (name,):
            table += struct.pack(">4sII", tag, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4xI4s4s4s6H4s28x", start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", 2026, 1, 1, 0, 0, 0, b"acsp"
    )
    white = _numbers(0.9642, 1, 0.8249)
    return header + white + bytes(128 - len(header) - len(white)) + struct.pack(">I", len(contents) + 2) + table + body


SRGB_PROFILE: Final = _profile()
_PROFILE_SEGMENT: Final = (
    struct.pack(">HH", 0xFFE2, 16 + len(SRGB_PROFILE)) + b"ICC_PROFILE\0\1\1" + SRGB_PROFILE
)  # fmt: skip
