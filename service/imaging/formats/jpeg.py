"""JPEG: ITU-T T.81, read as libjpeg reads it (https://www.w3.org/Graphics/JPEG/itu-t81.pdf)."""

import struct
from dataclasses import dataclass
from math import ceil
from typing import Final

from service.imaging.color import ColorConversion
from service.imaging.errors import CorruptPhotoError, TooManyScansError, TruncatedPhotoError
from service.imaging.formats.exif import read_orientation
from service.imaging.formats.icc import MAX_PROFILE, read_profile
from service.imaging.formats.jpeg_markers import find_marker
from service.imaging.formats.parts import Parts, check_count
from service.imaging.photo_file import Header, PhotoFile

SOI, EOI, SOS, TEM = 0xD8, 0xD9, 0xDA, 0x01
RESTARTS: Final = range(0xD0, 0xD8)
TABLES: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
"""Markers of Huffman tables, arithmetic coding conditions, quantization tables and the restart interval."""
FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA})
"""Frame headers (SOFn) that libjpeg-turbo can decode. It does not support hierarchical files."""
SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
"""Frame headers of pictures that may come in one Huffman-coded scan: baseline, and extended sequential."""
PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
LOSSLESS: Final = 0xC3
DROPPED: Final = frozenset({0xDC, 0xFE, *range(0xE0, 0xF0)})
"""Segments that decoders skip: number of lines (DNL), comments (COM), application data (APPn). Of the application data,
JFIF and Adobe are kept, because they define the colour space."""
HUFFMAN_TABLES, ARITHMETIC_TABLES = 0xC4, 0xCC
ALL_COEFFICIENTS: Final = b"\0\x3f\0"
"""How the header of a sequential scan ends: all coefficients of each block, with all of their bits."""
ZEROS: Final = bytes(64)
"""What no sequential scan contains where zeros do not mean that a block is over; see :meth:`_Walk._is_overwritten`."""
END_OF_BLOCK: Final = 0x00
JFIF, EXIF, ADOBE = (0xE0, b"JFIF\0", 16), (0xE1, b"Exif\0\0", 8), (0xEE, b"Adobe", 14)
PROFILE = (0xE2, b"ICC_PROFILE\0", 16)
"""Marker, first bytes and least length of the application data that is used."""

_NO_MARKERS: Final = bytes((0x00, 0xFF))
_IN_SCANS: Final = bytes((0x00, 0xFF, *RESTARTS))
"""What may follow FF without being a marker: anywhere, and among coded pixels."""


@dataclass(frozen=True, slots=True)
class Component:
    """A colour component: its horizontal and vertical sampling factors, and its number of 8×8 blocks."""

    across: int
    down: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header: the coding (its marker), the size in pixels, and the components by id."""

    marker: int
    width: int
    height: int
    components: dict[int, Component]

    def held(self, has_several_scans: bool) -> int:
        """Bytes that libjpeg allocates for the whole picture beside its output.

        With several scans these are 2 bytes for each coefficient; in lossless files, samples and their differences.
        """
        samples = 64 * sum(component.blocks for component in self.components.values())
        if self.marker == LOSSLESS:
            return 6 * samples
        return 2 * samples if has_several_scans or self.marker in PROGRESSIVE else 0


def read_jpeg(data: bytes, max_blocks: int) -> PhotoFile:
    """Parses the segments and scans of a JPEG file, up to its end marker.

    The frame header, tables, scans and the JFIF and Adobe segments are kept, all others are left out. Bytes between
    segments are skipped up to the next marker, as decoders do.

    Raises:
        CorruptPhotoError: the segments do not form a valid picture.
        TooManyScansError: several scans have more than ``max_blocks`` blocks in total.
        TruncatedPhotoError: the file ends before its picture begins.
    """
    walk = _Walk(data, max_blocks)
    offset, count = 2, 0
    while (start := find_marker(data, offset, _NO_MARKERS)) is not None:
        count += 1
        check_count(count, "JPEG")
        marker = data[start + 1]
        if marker == EOI:
            return walk.file(is_complete=True)
        if marker in RESTARTS or marker == TEM:
            offset = start + 2
            continue
        if marker == SOI:
            raise _damaged("another JPEG file begins inside it")
        if start + 4 > len(data):
            break
        (length,) = struct.unpack_from(">H", data, start + 2)
        if length < 2:
            raise _damaged("a segment's length is less than 2")
        offset = start + 2 + length
        if offset > len(data):
            break
        if marker == SOS:
            scan_end = find_marker(data, offset, _IN_SCANS) or len(data)
            walk.take_scan(start, offset, scan_end)
            offset = scan_end
        else:
            walk.take(marker, start, offset)
    return walk.file(is_complete=False)


def _damaged(what: str) -> CorruptPhotoError:
    return CorruptPhotoError(f"The JPEG file is damaged: {what}. Save the picture anew and send that.")


class _Walk:
    """The parser's state: what has been read of a JPEG file so far."""

    def __init__(self, data: bytes, max_blocks: int) -> None:
        self._data = data
        self._max_blocks = max_blocks
        self._parts = Parts(data)
        self._parts.keep(0, 2)
        self._frame: Frame | None = None
        self._orientation: int | None = None
        self._profile: dict[int, bytes] = {}
        """Pieces of the colour profile by number, from 1."""
        self._pieces = 0
        """How many there should be."""
        self._scans = 0
        self._blocks = 0
        self._has_partial_scans = False
        self._is_sequential = True
        """Whether nothing has come that is not in a file with one sequential scan."""
        self._shortest: dict[int, int] = {}
        """By Huffman table of AC coefficients: the symbol whose code is all zeros."""

    def take(self, marker: int, start: int, end: int) -> None:
        """Reads one segment other than a scan."""
        if marker in TABLES:
            self._is_sequential &= not self._scans and marker != ARITHMETIC_TABLES
            self._parts.keep(start, end)
            if marker == HUFFMAN_TABLES:
                self._take_huffman_tables(start + 4, end)
        elif marker in FRAMES:
            self._take_frame(marker, start, end)
        elif marker not in DROPPED:
            raise _damaged(f"its marker {marker:02X} is unknown or not supported")
        elif self._is(EXIF, marker, start, end):
            if self._orientation is None:
                self._orientation = read_orientation(self._data[start + 10 : end])
        elif self._is(PROFILE, marker, start, end):
            self._take_profile(start + 4 + len(PROFILE[1]), end)
        elif self._is(JFIF, marker, start, end) or self._is(ADOBE, marker, start, end):
            self._parts.keep(start, end)

    def _is(self, kind: tuple[int, bytes, int], marker: int, start: int, end: int) -> bool:
        expected, first, least = kind
        return marker == expected and end - start - 2 >= least and self._data.startswith(first, start + 4)

    def _take_profile(self, start: int, end: int) -> None:
        """Reads a piece of the colour profile: its number, how many there are, and its bytes."""
        number, count = self._data[start : start + 2]
        self._pieces = self._pieces or count
        if sum(map(len, self._profile.values())) <= MAX_PROFILE:
            self._profile.setdefault(number, self._data[start + 2 : end])

    def _take_huffman_tables(self, at: int, end: int) -> None:
        """Reads of each table its class, its number, and the first symbol, which has the code that is all zeros."""
        while at + 17 < end:
            if self._data[at] >> 4 == 1:
                self._shortest[self._data[at] & 15] = self._data[at + 17]
            at += 17 + sum(self._data[at + 1 : at + 17])

    def _is_overwritten(self, tables: set[int], pixels: int, end: int) -> bool:
        """Whether zeros lie in the coded pixels of a sequential scan that cannot be pixels.

        Zeros are codes that are all zeros. If with one of the scan's tables those do not end the block (as they may
        where the picture is of one colour), 64 such bytes are several blocks in which every coefficient is the same.
        Zeros at the end may be padding.
        """
        if all(self._shortest.get(table, END_OF_BLOCK) == END_OF_BLOCK for table in tables):
            return False
        place = self._data.find(ZEROS, pixels, end)
        return place >= 0 and any(self._data[place:end])

    def _color(self, components: int) -> ColorConversion | None:
        """How the colours become sRGB. The colours of CMYK pictures are converted without a profile, by the decoder."""
        pieces = range(1, self._pieces + 1)
        if components == 4 or not self._profile.keys() >= set(pieces):
            return None
        profile = b"".join(self._profile[number] for number in pieces)
        return read_profile(profile, "grey" if components == 1 else "rgb") if profile else None

    def _take_frame(self, marker: int, start: int, end: int) -> None:
        if self._frame:
            raise _damaged("it has two frame headers")
        depth, height, width, count = struct.unpack_from(">BHHB", self._data, start + 4)
        if end - start != 10 + 3 * count or count not in (1, 3, 4):
            raise _damaged(f"its frame header of {end - start - 2} bytes cannot describe {count} components")
        if depth != 8:
            raise _damaged(f"its samples have {depth} bits; only 8 are supported")
        if not width or not height:
            raise _damaged(f"its header says {width}×{height} pixels")
        planes = [struct.unpack_from(">BB", self._data, start + 10 + 3 * number) for number in range(count)]
        self._frame = Frame(marker, width, height, _components(planes, width, height))
        if len(self._frame.components) != count:
            raise _damaged("two of its components have the same id")
        self._parts.keep(start, end)

    def take_scan(self, start: int, pixels: int, end: int) -> None:
        """Reads a scan: its header begins at ``start``, its coded data lies from ``pixels`` to ``end``."""
        if not self._frame:
            raise _damaged("a scan comes before the frame header")
        count = self._data[start + 4]
        names = self._data[start + 5 : start + 5 + 2 * count : 2]
        if pixels - start != 8 + 2 * count or not 1 <= count <= 4 or not set(names) <= self._frame.components.keys():
            raise _damaged("a scan header is invalid or refers to missing components")
        self._scans += 1
        self._blocks += sum(self._frame.components[name].blocks for name in names)
        self._has_partial_scans |= count < len(self._frame.components)
        self._is_sequential &= self._frame.marker in SEQUENTIAL and self._data[pixels - 3 : pixels] == ALL_COEFFICIENTS
        tables = {table & 15 for table in self._data[start + 6 : pixels - 3 : 2]}
        if self._is_sequential and self._is_overwritten(tables, pixels, end):
            raise _damaged("a part of its pixels has been overwritten with zeros")
        if self._blocks > self._max_blocks and self._scans > 1:
            raise TooManyScansError(
                f"The JPEG file has too many scans for its {self._frame.width}×{self._frame.height} pixels: more than "
                f"{self._max_blocks:,} blocks would have to be decoded. Save it as a baseline JPEG, not a progressive "
                "one, and send that."
            )
        self._parts.keep(start, end)

    def file(self, is_complete: bool) -> PhotoFile:
        """Returns the result at the end of the file."""
        if not self._frame or not self._scans:
            raise TruncatedPhotoError("The JPEG file ends before its picture begins. Send the whole file.")
        self._parts.add(bytes((0xFF, EOI)))
        frame = self._frame
        held = frame.held(self._has_partial_scans)
        is_sequential = self._is_sequential and self._scans == 1 and not self._has_partial_scans
        header = Header(
            "jpeg",
            frame.width,
            frame.height,
            self._orientation or 1,
            held=held,
            scan_blocks=self._blocks if self._scans > 1 else 0,
            sequential_blocks=self._blocks if is_sequential else 0,
            color=self._color(len(frame.components)),
        )
        return PhotoFile(header, self._parts.memoryviews(), is_complete)


def _components(planes: list[tuple[int, int]], width: int, height: int) -> dict[int, Component]:
    """Returns the components by id, from pairs of id and sampling factors.

    Each component's size is rounded up to whole MCUs (minimum coded units), as in libjpeg.
    """
    factors = {name: (sampling >> 4, sampling & 15) for name, sampling in planes}
    if not all(1 <= factor <= 4 for pair in factors.values() for factor in pair):
        raise _damaged("a sampling factor is not between 1 and 4")
    units = ceil(width / (8 * max(across for across, _ in factors.values())))
    rows = ceil(height / (8 * max(down for _, down in factors.values())))
    return {name: Component(across, down, units * across * rows * down) for name, (across, down) in factors.items()}
