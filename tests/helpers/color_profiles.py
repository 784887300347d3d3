"""ICC profiles of known colour spaces, made by hand from their published numbers."""

import struct
from collections.abc import Mapping, Sequence
from typing import Final


def numbers(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))


def xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + numbers(*values)


def parametric(kind: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + numbers(*values)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def table(*values: int) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


SRGB_CURVE: Final = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
WHITE: Final = (0.9642, 1.0, 0.8249)
P3: Final = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE: Final = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB: Final = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
"""XYZ of red, green and blue, for the white D50."""


def profile(tags: Mapping[bytes, bytes], space: bytes = b"RGB ", between: bytes = b"XYZ ") -> bytes:
    """A profile with these tags (ICC.1:2022, 7)."""
    start = 132 + 12 * len(tags)
    places, body = b"", b""
    for name, content in tags.items():
        places += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x04300000, b"mntr", space, between, b"acsp")
    header = header + bytes(68 - len(header)) + numbers(*WHITE)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + places + body


def rgb_profile(primaries: Sequence[Sequence[float]], *curves: bytes) -> bytes:
    """A profile of primaries and of one curve for all channels, or of three."""
    red, green, blue = curves * 3 if len(curves) == 1 else curves
    description = b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", 8, 28) + "test".encode("utf-16-be")
    return profile(
        {
            b"desc": description, b"cprt": description, b"wtpt": xyz(WHITE),
            b"rXYZ": xyz(primaries[0]), b"gXYZ": xyz(primaries[1]), b"bXYZ": xyz(primaries[2]),
            b"rTRC": red, b"gTRC": green, b"bTRC": blue,
        }
    )  # fmt: skip


def grey_profile(curve: bytes) -> bytes:
    return profile({b"wtpt": xyz(WHITE), b"kTRC": curve}, b"GRAY")


DISPLAY_P3: Final = rgb_profile(P3, SRGB_CURVE)
ADOBE_RGB: Final = rgb_profile(ADOBE, gamma(2.19921875))
SRGB_BY_TABLE: Final = rgb_profile(
    SRGB, table(*(round(65_535 * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)) for v in
    (number / 1023 for number in range(1024))))
)  # fmt: skip
"""sRGB as most programs of before 2010 wrote it."""
