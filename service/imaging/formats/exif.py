"""EXIF metadata. Only the orientation is read."""

import struct
from typing import Final

ORIENTATION: Final = 0x0112
"""The tag of the orientation (Exif 2.32, table 4)."""
FORMATS: Final = {3: "H", 4: "I"}
"""``struct`` format by EXIF type. The standard stores the orientation as SHORT (3); some programs write LONG (4)."""


def read_orientation(exif: bytes) -> int:
    """Returns the orientation (1–8) from a block of EXIF data; 1, as viewers do, if it is missing or damaged."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(f"{order}HH", exif, entry)
            if tag == ORIENTATION and kind in FORMATS:
                (value,) = struct.unpack_from(order + FORMATS[kind], exif, entry + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
