"""GIF89a (https://www.w3.org/Graphics/GIF/spec-gif89a.txt). Of an animation, the first frame is used."""

import struct
from typing import Final

from service.imaging.box import Box
from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.formats.parts import Parts, check_count
from service.imaging.photo_file import Header, PhotoFile

SIGNATURES: Final = (b"GIF87a", b"GIF89a")
SCREEN: Final = 13
"""Length of the signature and the logical screen descriptor."""
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
"""The first byte of each block."""
GRAPHIC_CONTROL: Final = 0xF9
"""Label of the extension that says which colour is transparent in the frame after it."""
PALETTE, COLORS = 0x80, 0x07
"""Flag of a palette, and mask of its size: 2 to the power of one more."""
TRANSPARENT: Final = 0x01
SHORT: Final = 128
"""Bytes of a sub-block that has fewer than it may have: 255."""
LARGEST_CODE: Final = 8
"""Bits of a pixel, as LZW data say at their beginning; at least 2."""


def read_gif(data: bytes) -> PhotoFile:
    """Parses the blocks of a GIF file up to its first frame. The file that is kept has that frame alone, at the size of
    the frame: where it lies in the picture is in the header.

    Raises:
        CorruptPhotoError: the blocks do not form a valid picture.
        TruncatedPhotoError: the file ends before its picture begins.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = SCREEN + _palette_bytes(flags)
    transparent: int | None = None
    chains = _Chains(data)
    while at < len(data):
        kind = data[at]
        if kind == IMAGE:
            return _frame(chains, at, (width, height), flags & (PALETTE | COLORS), transparent)
        if kind != EXTENSION:
            raise _damaged("it has no picture" if kind == TRAILER else f"a block of it begins with {kind:02X}")
        end = chains.end(at + 2)
        if end is None:
            break
        if data[at + 1] == GRAPHIC_CONTROL and data[at + 2] == 4:
            transparent = data[at + 6] if data[at + 3] & TRANSPARENT else None
        at = end
    raise TruncatedPhotoError("The GIF file ends before its picture begins. Send the whole file.")


class _Chains:
    """Chains of sub-blocks of a file, each of which begins with its length; one of length 0 ends a chain."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._short = 0

    def end(self, at: int) -> int | None:
        """Where the chain that begins at an offset ends; None if the file ends before it does.

        Raises:
            CorruptPhotoError: more blocks than :data:`MAX_PARTS` of the file are short, which programs leave the last
                of a chain to be.
        """
        while at < len(self.data):
            length = self.data[at]
            at += 1 + length
            if not length:
                return at
            if length < SHORT:
                self._short += 1
                check_count(self._short, "GIF")
        return None


def _frame(chains: _Chains, at: int, size: tuple[int, int], screen: int, transparent: int | None) -> PhotoFile:
    """The file of the frame whose descriptor is at that offset."""
    data = chains.data
    left, top, width, height, flags = struct.unpack_from("<4HB", data, at + 1)
    frame = Box(left, top, width, height)
    if not width or not height:
        raise _damaged(f"its picture says that it has {width}×{height} pixels")
    # A screen of no size, or one that the first frame is larger than, is as large as that, as in browsers.
    screen_width, screen_height = max(size[0], left + width), max(size[1], top + height)
    if not (flags | screen) & PALETTE:
        raise _damaged("it has no palette")
    pixels = at + 10 + _palette_bytes(flags)
    if not 2 <= data[pixels] <= LARGEST_CODE:
        raise _damaged("its pixels have an invalid number of bits")
    end = chains.end(pixels + 1)
    is_whole = frame == (0, 0, screen_width, screen_height)
    header = Header(
        "gif", screen_width, screen_height,
        has_alpha=transparent is not None or not is_whole, frame=None if is_whole else frame,
    )  # fmt: skip
    parts = Parts(data)
    parts.add(b"GIF89a" + struct.pack("<HH3B", width, height, screen, 0, 0))
    parts.keep(SCREEN, SCREEN + _palette_bytes(screen))
    if transparent is not None:
        parts.add(bytes((EXTENSION, GRAPHIC_CONTROL, 4, TRANSPARENT, 0, 0, transparent, 0)))
    parts.add(struct.pack("<B4HB", IMAGE, 0, 0, width, height, flags))
    parts.keep(at + 10, len(data) if end is None else end)
    parts.add(bytes((TRAILER,)))
    return PhotoFile(header, parts.memoryviews(), is_complete=end is not None)


def _palette_bytes(flags: int) -> int:
    return 3 * (2 << (flags & COLORS)) if flags & PALETTE else 0


def _damaged(what: str) -> CorruptPhotoError:
    return CorruptPhotoError(f"The GIF file is damaged: {what}. Save the picture anew and send that.")
