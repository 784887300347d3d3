"""WebP: RFC 9649. Of an animation, the first frame is used."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.imaging.color import ColorConversion
from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.formats.exif import read_orientation
from service.imaging.formats.icc import MAX_PROFILE, read_profile
from service.imaging.formats.parts import Parts, check_count
from service.imaging.photo_file import Header, PhotoFile

ALPHA, ANIMATION = 0x10, 0x02
"""Flags of the VP8X chunk."""
LOSSY, LOSSLESS = b"VP8 ", b"VP8L"
ANIMATED_BYTES: Final = 9
"""Bytes for each pixel of the canvas that the animation decoder allocates: the current and the previous frame."""
FRAME_HEADER: Final = 16
"""Length of an ANMF chunk's fields, which come before the frame's own chunks."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk; ``start`` and ``end`` are the offsets of its content."""

    kind: bytes
    start: int
    end: int
    is_whole: bool = True
    """Whether the file contains the whole chunk."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A still picture: its image chunk, its alpha chunk if there is one, and the size from the bitstream's header."""

    image: Chunk
    alpha: Chunk | None
    size: tuple[int, int]
    has_alpha: bool

    def copy_to(self, parts: Parts) -> None:
        """Appends its chunks to ``parts``."""
        for chunk in (self.alpha, self.image):
            if chunk:
                length = chunk.end - chunk.start
                parts.add(struct.pack("<4sI", chunk.kind, length))
                parts.keep(chunk.start, chunk.end)
                parts.add(bytes(length % 2))


def read_webp(data: bytes) -> PhotoFile:
    """Parses the chunks of a WebP file. The first picture and its transparency are kept.

    Raises:
        CorruptPhotoError: the chunks do not form a valid picture.
        TruncatedPhotoError: the file ends before its picture begins.
    """
    chunks = list(_chunks(data, 12, len(data)))
    if not chunks:
        raise TruncatedPhotoError("The WebP file ends before its picture begins. Send the whole file.")
    first = chunks[0]
    if first.kind != b"VP8X":
        picture = _picture(data, chunks[:1])
        if not picture:
            if first.is_whole:
                raise _damaged("it does not begin with a picture")
            raise TruncatedPhotoError("The WebP file ends before its picture begins. Send the whole file.")
        header = Header("webp", *picture.size, _orientation(data, chunks), picture.has_alpha)
        return _file(data, header, [], picture)
    if first.end - first.start < 10:
        raise TruncatedPhotoError("The file ends within its header. Send the whole file.")
    flags = data[first.start]
    width, height = _side(data, first.start + 4), _side(data, first.start + 7)
    is_animated = bool(flags & ANIMATION)
    held = ANIMATED_BYTES * width * height if is_animated else 0
    header = Header(
        "webp", width, height, _orientation(data, chunks), bool(flags & ALPHA), held=held, color=_color(data, chunks)
    )
    if is_animated:
        return _first_frame(data, header, chunks)
    picture = _picture(data, chunks)
    if picture and picture.size != (width, height):
        raise _damaged("its picture and its header differ in size")
    return _file(data, header, [], picture, chunks)


def _first_frame(data: bytes, header: Header, chunks: Sequence[Chunk]) -> PhotoFile:
    """Returns an animation of the first frame alone. The frame may be smaller than the canvas."""
    frame = next((chunk for chunk in chunks if chunk.kind == b"ANMF"), None)
    settings = next((chunk for chunk in chunks if chunk.kind == b"ANIM"), None)
    if not frame or not frame.is_whole:
        return _file(data, header, [], None, chunks)
    if not settings or settings.end - settings.start < 6 or frame.end - frame.start < FRAME_HEADER:
        raise _damaged("its animation lacks the ANIM chunk, or its first frame is too short")
    left, top = (2 * (_side(data, frame.start + at) - 1) for at in (0, 3))
    size = _side(data, frame.start + 6), _side(data, frame.start + 9)
    picture = _picture(data, list(_chunks(data, frame.start + FRAME_HEADER, frame.end)))
    if not picture or picture.size != size or left + size[0] > header.width or top + size[1] > header.height:
        raise _damaged("the first frame of its animation is invalid or larger than the canvas")
    before = [
        struct.pack("<4sI", b"ANIM", 6) + data[settings.start : settings.start + 6],
        data[frame.start : frame.start + FRAME_HEADER],
    ]
    return _file(data, header, before, picture)


def _file(
    data: bytes, header: Header, animation: Sequence[bytes], picture: Picture | None, chunks: Sequence[Chunk] = ()
) -> PhotoFile:
    """Returns a file with one picture.

    ``animation`` is empty for a still picture, else the whole ANIM chunk and the fields of the ANMF chunk.

    Raises:
        CorruptPhotoError: there is no picture, and all chunks are complete.
    """
    if not picture:
        if all(chunk.is_whole for chunk in chunks):
            raise _damaged("it has no picture")
        return PhotoFile(header, (), is_complete=False)
    content = Parts(data)
    picture.copy_to(content)
    views = content.memoryviews()
    beginning = b""
    if animation:
        settings, frame = animation
        beginning = settings + struct.pack("<4sI", b"ANMF", len(frame) + sum(map(len, views))) + frame
    if animation or picture.alpha:
        flags = (ANIMATION if animation else 0) | (ALPHA if header.has_alpha else 0)
        sides = b"".join((side - 1).to_bytes(3, "little") for side in (header.width, header.height))
        beginning = struct.pack("<4sIB3x", b"VP8X", 10, flags) + sides + beginning
    size = 4 + len(beginning) + sum(map(len, views))
    start = struct.pack("<4sI4s", b"RIFF", size, b"WEBP") + beginning
    return PhotoFile(header, (memoryview(start), *views), picture.image.is_whole)


def _damaged(what: str) -> CorruptPhotoError:
    return CorruptPhotoError(f"The WebP file is damaged: {what}. Save the picture anew and send that.")


def _chunks(data: bytes, start: int, end: int) -> Iterator[Chunk]:
    """Yields the chunks between two offsets; the last may be cut off."""
    count = 0
    while start + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, start)
        start += 8
        yield Chunk(kind, start, min(start + length, end), start + length <= end)
        count += 1
        check_count(count, "WebP")
        start += length + length % 2


def _picture(data: bytes, chunks: Sequence[Chunk]) -> Picture | None:
    """Returns the first picture of some chunks; None if there is none, or if it ends within its header.

    Raises:
        CorruptPhotoError: the header of its bitstream is invalid.
    """
    image = next((chunk for chunk in chunks if chunk.kind in (LOSSY, LOSSLESS)), None)
    if not image:
        return None
    before = chunks[: chunks.index(image)]
    if image.kind == LOSSLESS:
        if image.end - image.start < 5:
            return None
        signature, bits = struct.unpack_from("<BI", data, image.start)
        if signature != 0x2F or bits >> 29:
            raise _damaged("the header of its picture is invalid")
        size = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        return Picture(image, None, size, bool(bits >> 28 & 1))
    if image.end - image.start < 10:
        return None
    tag = int.from_bytes(data[image.start : image.start + 3], "little")
    width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, image.start + 6))
    is_key_frame = not tag & 1 and tag >> 1 & 7 <= 3 and tag >> 4 & 1
    if not is_key_frame or data[image.start + 3 : image.start + 6] != b"\x9d\x01\x2a" or not width or not height:
        raise _damaged("the header of its picture is invalid")
    alpha = next((chunk for chunk in before if chunk.kind == b"ALPH"), None)
    return Picture(image, alpha, (width, height), has_alpha=alpha is not None)


def _side(data: bytes, start: int) -> int:
    return 1 + int.from_bytes(data[start : start + 3], "little")


def _orientation(data: bytes, chunks: Sequence[Chunk]) -> int:
    exif = next((chunk for chunk in chunks if chunk.kind == b"EXIF"), None)
    return read_orientation(data[exif.start : exif.end].removeprefix(b"Exif\0\0")) if exif else 1


def _color(data: bytes, chunks: Sequence[Chunk]) -> ColorConversion | None:
    profile = next((chunk for chunk in chunks if chunk.kind == b"ICCP"), None)
    if not profile or profile.end - profile.start > MAX_PROFILE:
        return None
    return read_profile(data[profile.start : profile.end], "rgb")
