"""PNG: ISO/IEC 15948 (https://www.w3.org/TR/png-3/). Of an animation, the default image is used, as in OpenCV."""

import struct
from typing import Final

from service.imaging.color import ColorConversion
from service.imaging.errors import CorruptPhotoError, TruncatedPhotoError
from service.imaging.formats.exif import read_orientation
from service.imaging.formats.icc import inflated, read_code_points, read_profile
from service.imaging.formats.parts import Parts, check_count
from service.imaging.photo_file import Header, PhotoFile

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
DEPTHS: Final = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
"""Valid bit depths by colour type."""
IEND: Final = b"\0\0\0\0IEND\xae\x42\x60\x82"


def read_png(data: bytes) -> PhotoFile:
    """Parses the chunks of a PNG file. IHDR, PLTE, tRNS, the first run of IDATs and IEND are kept.

    Raises:
        CorruptPhotoError: the chunks do not form a valid picture.
        TruncatedPhotoError: the file ends before its picture begins.
    """
    walk = _Walk(data)
    offset = len(SIGNATURE)
    count = 0
    is_complete = False
    while offset + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        end = offset + 12 + length
        if end > len(data):
            break
        count += 1
        check_count(count, "PNG")
        if kind == b"IEND":
            is_complete = True
            break
        walk.take(kind, offset, end)
        offset = end
    return walk.file(is_complete)


def _damaged(what: str) -> CorruptPhotoError:
    return CorruptPhotoError(f"The PNG file is damaged: {what}. Save the picture anew and send that.")


class _Walk:
    """The parser's state: what has been read of a PNG file so far."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = Parts(data)
        self._parts.keep(0, len(SIGNATURE))
        self._size = (0, 0)
        self._depth = self._color = 0
        self._orientation: int | None = None
        self._palette = 0
        self._clear: bytes | None = None
        self._profile: bytes | None = None
        self._code_points: bytes | None = None
        self._data_end = 0
        """Offset of the end of the last IDAT chunk; 0 before the first."""

    def take(self, kind: bytes, start: int, end: int) -> None:
        """Reads one complete chunk other than IEND."""
        if not self._depth:
            if kind != b"IHDR" or end - start != 25:
                raise _damaged("it does not begin with its header")
            self._take_header(start)
        elif kind == b"IHDR":
            raise _damaged("it has two headers")
        elif kind == b"IDAT":
            self._take_pixels(start, end)
        elif kind == b"eXIf" and self._orientation is None:
            self._orientation = read_orientation(self._data[start + 8 : end - 4])
        elif kind == b"iCCP" and self._profile is None and not self._data_end:
            name_end = self._data.find(b"\0", start + 8, end - 4)
            if name_end > 0:
                self._profile = self._data[name_end + 2 : end - 4]  # a byte says that zlib compressed it
        elif kind == b"cICP" and end - start == 16 and not self._data_end:
            self._code_points = self._data[start + 8 : end - 4]
        elif kind == b"PLTE" and self._color == PALETTE and not self._data_end:
            self._take_palette(start, end)
        elif kind == b"tRNS" and self._clear is None and not self._data_end:
            self._take_transparency(start, end)

    def _take_header(self, start: int) -> None:
        width, height, depth, color, compression, filtering, interlace = struct.unpack_from(
            ">IIBBBBB", self._data, start + 8
        )
        if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
            raise _damaged(f"its header says {width}×{height} pixels")
        if depth not in DEPTHS.get(color, ()) or compression or filtering or interlace > 1:
            raise _damaged("its header has an invalid bit depth, colour type or method")
        self._size, self._depth, self._color = (width, height), depth, color
        self._parts.keep(start, start + 25)

    def _take_palette(self, start: int, end: int) -> None:
        length = end - start - 12
        if self._palette or length % 3 or not 0 < length <= 768:
            raise _damaged("its palette is invalid, or there are two")
        self._palette = length // 3
        self._parts.keep(start, end)

    def _take_transparency(self, start: int, end: int) -> None:
        """Reads a tRNS chunk. A chunk of the wrong length is ignored, as by libpng."""
        length = end - start - 12
        fits = {GREY: length == 2, RGB: length == 6, PALETTE: 0 < length <= self._palette}
        if not fits.get(self._color, False):
            return
        self._clear = self._data[start + 8 : end - 4]
        if self._color != GREY:  # OpenCV ignores it in grey pictures; they are handled through ``clear_grey``
            self._parts.keep(start, end)

    def _take_pixels(self, start: int, end: int) -> None:
        if self._color == PALETTE and not self._palette:
            raise _damaged("it has no palette")
        if self._data_end in (0, start):  # decoders only read the first run of consecutive IDATs
            self._parts.keep(start, end)
            self._data_end = end

    def _color_conversion(self) -> ColorConversion | None:
        """How the colours become sRGB: by the code points, or else by the profile."""
        if self._code_points:
            return read_code_points(*self._code_points[:2])
        is_grey = self._color in (GREY, GREY_ALPHA)
        return read_profile(inflated(self._profile), "grey" if is_grey else "rgb") if self._profile else None

    def file(self, is_complete: bool) -> PhotoFile:
        """Returns the result at the end of the file."""
        if not self._depth:
            raise TruncatedPhotoError("The file ends within its header. Send the whole file.")
        if is_complete and not self._data_end:
            raise _damaged("it has no pixels")
        self._parts.add(IEND)
        clear_grey = None
        if self._color == GREY and self._clear is not None:
            clear_grey = int.from_bytes(self._clear, "big") & ((1 << self._depth) - 1)
        header = Header(
            "png",
            *self._size,
            orientation=self._orientation or 1,
            has_alpha=self._color in (GREY_ALPHA, RGB_ALPHA) or (self._clear is not None and clear_grey is None),
            depth=self._depth,
            clear_grey=clear_grey,
            color=self._color_conversion(),
        )
        return PhotoFile(header, self._parts.memoryviews(), is_complete)
