"""JPEG files that take as long to decode as one of so many blocks can."""

import struct
from collections.abc import Sequence
from math import ceil

import numpy as np


def segment(marker: int, content: bytes) -> bytes:
    """A marker with what belongs to it."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def dense_jpeg(
    side: int, sampling: Sequence[tuple[int, int]] = ((1, 1),), code: int = 16, value: int = 15, restarts: bool = False
) -> bytes:
    """A baseline JPEG of ``side``×``side`` pixels all of whose coefficients are there.

    ``sampling`` says how often each plane is sampled, across and down. Each coefficient has a Huffman code of ``code``
    bits, all zeros, and a value of ``value`` bits. ``restarts`` puts a restart marker after every unit of blocks.
    """
    blocks, units = _counts(side, sampling)
    coefficient = [0] * code + [1] + [0] * (value - 1)
    unit = np.array(([0] + coefficient * 63) * blocks, np.uint8)
    if restarts:
        filled = np.concatenate([unit, np.ones(-len(unit) % 8, np.uint8)])
        coded = np.packbits(filled).tobytes().replace(b"\xff", b"\xff\0")
        scan = b"".join(coded + bytes((0xFF, 0xD0 + number % 8)) for number in range(units))
    else:
        scan = np.packbits(np.tile(unit, 8)).tobytes() * ceil(units / 8)
    planes = range(1, len(sampling) + 1)
    frame = struct.pack(">BHHB", 8, side, side, len(sampling)) + b"".join(
        bytes((plane, across << 4 | down, 0)) for plane, (across, down) in zip(planes, sampling, strict=True)
    )
    lengths = bytes(int(bits == code) for bits in range(1, 17))
    tables = b"\0\1" + bytes(15) + b"\0" + b"\x10" + lengths + bytes((value,))
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC4, tables),
            segment(0xC0, frame),
            segment(0xDD, b"\0\1") if restarts else b"",
            segment(0xDA, bytes([len(sampling)]) + b"".join(bytes((plane, 0)) for plane in planes) + b"\0\x3f\0"),
            scan,
            b"\xff\xd9",
        ]
    )


def _counts(side: int, sampling: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The blocks of a unit, and the units of the picture."""
    if len(sampling) == 1:
        return 1, ceil(side / 8) ** 2
    across, down = (max(factors) for factors in zip(*sampling, strict=True))
    return sum(wide * high for wide, high in sampling), ceil(side / (8 * across)) * ceil(side / (8 * down))
