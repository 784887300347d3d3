"""AVIF and HEIC: pictures in boxes (ISO/IEC 14496-12 and 23008-12, https://aomediacodec.github.io/av1-avif/).

What is coded is decoded elsewhere; read here are the size, the transparency, the colours, and how the picture is
turned. A file refers to its parts by offsets from its beginning, so that all of it is kept.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from service.imaging.color import ColorConversion
from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.formats.icc import read_code_points, read_profile
from service.imaging.formats.parts import check_count
from service.imaging.photo_file import Header, PhotoFile

HeifType = Literal["avif", "heic"]

BRANDS: Final[dict[bytes, HeifType]] = {
    b"avif": "avif", b"avis": "avif",
    b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"hevc": "heic", b"hevx": "heic",
}  # fmt: skip
"""What a file is, by a brand that its first box names. A general brand, ``mif1``, may come before it."""
ALPHA: Final = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
"""What an auxiliary picture is called that is the transparency of another."""
ORIENTATIONS: Final = {
    # by turns of 90° to the left, and then by what is exchanged (None: nothing, 0: top and bottom, 1: left and right)
    (0, None): 1, (0, 0): 4, (0, 1): 2,
    (1, None): 8, (1, 0): 5, (1, 1): 7,
    (2, None): 3, (2, 0): 2, (2, 1): 4,
    (3, None): 6, (3, 0): 7, (3, 1): 5,
}  # fmt: skip
"""EXIF's orientations of what the properties ``irot`` and ``imir`` do. Orientations in EXIF data do not count."""

HELD: Final = 6_000_000
"""Bytes that a decoder takes for its tables and for other pictures than the one that is shown."""
HIGH_DEPTH, TWELVE_BITS = 0x40, 0x20
"""Flags of AV1's configuration."""


@dataclass(frozen=True, slots=True)
class IsoBox:
    """A box: its kind, and the offsets of its content."""

    kind: bytes
    start: int
    end: int
    is_whole: bool = True
    """Whether the file contains the whole box."""


def heif_type(data: bytes) -> HeifType | None:
    """Whether a file is AVIF or HEIC, by its brands; None of other files."""
    if data[4:8] != b"ftyp":
        return None
    (size,) = struct.unpack_from(">I", data)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(size, 256, len(data)), 4))]
    return next((BRANDS[brand] for brand in brands if brand in BRANDS), None)


def read_heif(data: bytes, kind: HeifType) -> PhotoFile:
    """Parses the boxes of an AVIF or HEIC file. Of several pictures, the primary one counts.

    Raises:
        CorruptPhotoError: the boxes do not describe a picture.
        TruncatedPhotoError: the file ends before its description does.
    """
    boxes = list(_boxes(data, 0, len(data)))
    meta = next((box for box in boxes if box.kind == b"meta"), None)
    if not meta or not meta.is_whole:
        if all(box.is_whole for box in boxes):
            raise _damaged(kind, "it has no picture")
        raise TruncatedPhotoError("The file ends within its header. Send the whole file.")
    return PhotoFile(_header(data, kind, meta), (memoryview(data),), is_complete=boxes[-1].is_whole)


def _header(data: bytes, kind: HeifType, meta: IsoBox) -> Header:
    inner = {box.kind: box for box in _boxes(data, meta.start + 4, meta.end)}
    if b"pitm" not in inner or b"iprp" not in inner:
        raise _damaged(kind, "it has no picture")
    primary = inner[b"pitm"]
    (number,) = struct.unpack_from(">I" if data[primary.start] else ">H", data, primary.start + 4)
    lists = list(_boxes(data, inner[b"iprp"].start, inner[b"iprp"].end))
    properties = [box for part in lists if part.kind == b"ipco" for box in _boxes(data, part.start, part.end)]
    indices = [index for part in lists if part.kind == b"ipma" for index in _associations(data, part, number)]
    own = [properties[index - 1] for index in indices if 0 < index <= len(properties)]
    extent = next((box for box in own if box.kind == b"ispe"), None)
    width, height = struct.unpack_from(">2I", data, extent.start + 4) if extent else (0, 0)
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise _damaged(kind, "it does not say how large its picture is")
    has_alpha = any(box.kind == b"auxC" and data[box.start + 4 : box.end].rstrip(b"\0") in ALPHA for box in properties)
    orientation = _orientation(data, own)
    if kind == "heic":  # its decoder crops and turns
        width, height = _cropped(data, own, width, height)
        if orientation >= 5:
            width, height = height, width
        orientation = 1
    return Header(
        kind, width, height, orientation, has_alpha, depth=_depth(data, own), held=HELD, color=_color(data, own)
    )


def _associations(data: bytes, part: IsoBox, item: int) -> Iterator[int]:
    """The numbers, from 1, of an item's properties, as a box ``ipma`` has them."""
    version, flags = data[part.start], data[part.start + 3]
    (count,) = struct.unpack_from(">I", data, part.start + 4)
    check_count(count, "AVIF or HEIC")
    at = part.start + 8
    for _ in range(count):
        number, length = struct.unpack_from(">IB" if version else ">HB", data, at)
        at += 5 if version else 3
        wide = 2 if flags & 1 else 1
        if number == item:
            found = struct.unpack_from(f">{length}{'H' if wide == 2 else 'B'}", data, at)
            yield from (index & (0x7FFF if wide == 2 else 0x7F) for index in found)
        at += length * wide


def _depth(data: bytes, properties: Sequence[IsoBox]) -> int:
    """Bits of a sample: 8, 10 or 12."""
    for box in properties:
        if box.kind == b"pixi" and box.end - box.start > 5:
            return max(8, min(12, data[box.start + 5]))
        if box.kind == b"av1C":
            flags = data[box.start + 2]
            return 8 + (2 if flags & HIGH_DEPTH else 0) + (2 if flags & TWELVE_BITS else 0)
    return 8


def _orientation(data: bytes, properties: Sequence[IsoBox]) -> int:
    turns, exchanged = 0, None
    for box in properties:
        if box.kind == b"irot":
            turns = data[box.start] & 3
        elif box.kind == b"imir":
            exchanged = data[box.start] & 1
    return ORIENTATIONS[turns, exchanged]


def _cropped(data: bytes, properties: Sequence[IsoBox], width: int, height: int) -> tuple[int, int]:
    """The size of what a property ``clap`` leaves, if there is one."""
    crop = next((box for box in properties if box.kind == b"clap"), None)
    if not crop:
        return width, height
    across, per_across, down, per_down = struct.unpack_from(">4I", data, crop.start)
    if not per_across or not per_down:
        return width, height
    return max(1, min(width, across // per_across)), max(1, min(height, down // per_down))


def _color(data: bytes, properties: Sequence[IsoBox]) -> ColorConversion | None:
    """How the colours become sRGB: by the profile, or else by the code points."""
    colors = {data[box.start : box.start + 4]: box for box in properties if box.kind == b"colr"}
    for kind in (b"prof", b"rICC"):
        if kind in colors:
            return read_profile(data[colors[kind].start + 4 : colors[kind].end], "rgb")
    if b"nclx" in colors:
        return read_code_points(*struct.unpack_from(">2H", data, colors[b"nclx"].start + 4))
    return None


def _boxes(data: bytes, start: int, end: int) -> Iterator[IsoBox]:
    """Yields the boxes between two offsets; the last may be cut off."""
    count = 0
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        elif size == 0:
            size = end - start
        stop = start + max(size, content - start)
        yield IsoBox(kind, content, min(stop, end), stop <= end)
        count += 1
        check_count(count, "AVIF or HEIC")
        start = stop


def _damaged(kind: HeifType, what: str) -> CorruptPhotoError:
    return CorruptPhotoError(f"The {kind.upper()} file is damaged: {what}. Save the picture anew and send that.")
