"""Valid picture files of every kind that is decoded, made by hand or by OpenCV and Pillow, and taken apart again."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.helpers.color_profiles import DISPLAY_P3

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by PNG's types of colours."""
DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row, steps across and down."""


def png_chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int, depth: int = 8, color: int = 2, interlace: int = 0) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))


def png_rows(width: int, height: int, bits: int, rng: np.random.Generator) -> bytes:
    row = (width * bits + 7) // 8
    return b"".join(b"\0" + rng.bytes(row) for _ in range(height)) if width and height else b""


def png_file(
    color: int, depth: int, *, interlace: int = 0, size: tuple[int, int] = (21, 13), before: bytes = b"", seed: int = 0
) -> bytes:
    """A PNG of noise, with a palette where it needs one and some chunks before its pixels."""
    rng = np.random.default_rng(seed)
    width, height = size
    bits = CHANNELS[color] * depth
    if interlace:
        rows = b"".join(
            png_rows(-(-max(0, width - left) // across), -(-max(0, height - top) // down), bits, rng)
            for left, top, across, down in PASSES
        )
    else:
        rows = png_rows(width, height, bits, rng)
    palette = png_chunk(b"PLTE", rng.bytes(3 << depth)) if color == 3 else b""
    pixels = zlib.compress(rows)
    half = len(pixels) // 2
    data = png_chunk(b"IDAT", pixels[:half]) + png_chunk(b"IDAT", pixels[half:])
    return PNG_SIGNATURE + png_header(*size, depth, color, interlace) + palette + before + data + png_chunk(b"IEND")


ANIMATION: Final = png_chunk(b"acTL", struct.pack(">2I", 2, 0))


def apng_file() -> bytes:
    """An animation of two frames."""
    rows = zlib.compress((b"\0" + b"\x40" * 48) * 16)

    def control(number: int) -> bytes:
        return png_chunk(b"fcTL", struct.pack(">5I2H2B", number, 16, 16, 0, 0, 1, 10, 0, 0))

    frames = control(0) + png_chunk(b"IDAT", rows) + control(1) + png_chunk(b"fdAT", struct.pack(">I", 2) + rows)
    return PNG_SIGNATURE + png_header(16, 16) + ANIMATION + frames + png_chunk(b"IEND")


def smooth(width: int, height: int, channels: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A picture with something in it, which compresses as photos do."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (max(2, height // 32), max(2, width // 32), channels), np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def saved(pixels: npt.NDArray[np.uint8], kind: str, mode: str = "RGB", **how: Any) -> bytes:
    """Pixels as a file by Pillow."""
    file = io.BytesIO()
    source = "RGBA" if pixels.shape[2] == 4 else "RGB"
    Image.fromarray(pixels).convert(mode if source == "RGB" else source).save(file, kind, **how)
    return file.getvalue()


def animated_webp(width: int, height: int, channels: int, **how: Any) -> bytes:
    frames = [Image.fromarray(smooth(width, height, channels, seed)) for seed in range(2)]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], method=0, **how)
    return file.getvalue()


def restarting_jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_RST_INTERVAL, 2])[1].tobytes()


@cache
def pngs() -> list[bytes]:
    """A PNG of every kind."""
    kinds = [(color, depth, interlace) for color, depths in DEPTHS.items() for depth in depths for interlace in (0, 1)]
    files = [png_file(color, depth, interlace=interlace) for color, depth, interlace in kinds]
    files += [png_file(0, depth, before=png_chunk(b"tRNS", b"\0\x01")) for depth in DEPTHS[0]]
    files += [png_file(2, depth, before=png_chunk(b"tRNS", bytes(6))) for depth in DEPTHS[2]]
    files += [png_file(3, 4, before=png_chunk(b"tRNS", b"\0\x80")), png_file(2, 8, before=png_chunk(b"tEXt", b"a\0b"))]
    return [*files, apng_file()]


@cache
def jpegs() -> list[bytes]:
    """A JPEG of every kind."""
    pixels = smooth(61, 43, 3)
    files = [
        saved(pixels, "JPEG", mode, quality=quality, subsampling=subsampling, progressive=progressive)
        for mode in ("RGB", "L", "CMYK")
        for quality in (90, 1)  # the worst quality has tables of 16 bits in baseline files
        for subsampling in (0, 1, 2)
        for progressive in (False, True)
    ]
    return [*files, restarting_jpeg(pixels), with_wide_tables(files[0])]


def with_wide_tables(jpeg: bytes) -> bytes:
    """The JPEG with quantization tables of 16 bits a value."""
    parts = list(jpeg_parts(jpeg))
    for index, part in enumerate(parts):
        if part[:2] == b"\xff\xdb":
            table = part[5:]
            content = bytes([0x10 | part[4]]) + b"".join(bytes((0, value)) for value in table)
            parts[index] = b"\xff\xdb" + struct.pack(">H", 2 + len(content)) + content
        elif part[:2] == b"\xff\xc0":
            parts[index] = b"\xff\xc1" + part[2:]  # baseline files have none
    return b"".join(parts)


@cache
def webps() -> list[bytes]:
    """A WebP of every kind."""
    rgb, rgba = smooth(40, 30, 3), smooth(40, 30, 4)
    return [
        *(saved(pixels, "WEBP", lossless=lossless, method=0) for pixels in (rgb, rgba) for lossless in (False, True)),
        *(animated_webp(40, 30, channels, lossless=lossless) for channels in (3, 4) for lossless in (False, True)),
        saved(rgb, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"),
    ]


def png_parts(data: bytes) -> Iterator[bytes]:
    """The signature, and each chunk."""
    yield data[:8]
    offset = 8
    while offset + 12 <= len(data):
        end = offset + 12 + int.from_bytes(data[offset : offset + 4], "big")
        yield data[offset:end]
        offset = end


def jpeg_parts(data: bytes) -> Iterator[bytes]:
    """Each marker with its segment; a scan goes with its coded data."""
    yield data[:2]
    offset = 2
    while offset + 4 <= len(data):
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        if data[offset + 1] == 0xDA:
            after = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(data, end)
            assert after
            end = after.start()
        yield data[offset:end]
        offset = end
    yield data[offset:]


def webp_parts(data: bytes) -> Iterator[bytes]:
    """The beginning, and each chunk."""
    yield data[:12]
    offset = 12
    while offset + 8 <= len(data):
        length = int.from_bytes(data[offset + 4 : offset + 8], "little")
        end = offset + 8 + length + length % 2
        yield data[offset:end]
        offset = end


@cache
def gifs() -> list[bytes]:
    """A GIF of every kind."""
    still = [
        gif_file(smooth(width, height, channels), colors, interlace=interlace)
        for width, height, channels in ((40, 30, 3), (40, 30, 4), (1, 1, 3))
        for colors in (2, 200)
        for interlace in (0, 1)
    ]
    return [*still, animated_gif(), moved_gif()]


def gif_file(pixels: npt.NDArray[np.uint8], colors: int = 256, **how: Any) -> bytes:
    """Pixels as a GIF by Pillow; those whose alpha is less than half are transparent."""
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    if pixels.shape[2] == 3:
        picture = picture.quantize(colors)
    picture.save(file, "GIF", **how)
    return file.getvalue()


def animated_gif() -> bytes:
    """An animation of two frames, with comments."""
    frames = [Image.fromarray(smooth(40, 30, 3, seed)) for seed in range(2)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], comment=b"of no use")
    return file.getvalue()


def moved_gif() -> bytes:
    """A GIF whose only frame lies within the picture: 10×8 pixels at 3, 2 in 20×16."""
    data = bytearray(gif_file(smooth(10, 8, 3), 4))
    descriptor = 13 + 3 * (2 << (data[10] & 7))
    assert data[descriptor] == 0x2C
    data[6:10] = struct.pack("<HH", 20, 16)
    data[descriptor + 1 : descriptor + 5] = struct.pack("<HH", 3, 2)
    return bytes(data)


def gif_parts(data: bytes) -> Iterator[bytes]:
    """The beginning, each extension, the frames' descriptors and each block of pixels."""
    at = 13 + (3 * (2 << (data[10] & 7)) if data[10] & 0x80 else 0)
    yield data[:at]
    while at < len(data):
        if data[at] == 0x2C:
            end = at + 11 + (3 * (2 << (data[at + 9] & 7)) if data[at + 9] & 0x80 else 0)
        elif data[at] == 0x21:
            end = at + 2
        else:
            yield data[at:]
            return
        yield data[at:end]
        at = end
        while at < len(data):
            length = data[at]
            yield data[at : at + 1 + length]
            at += 1 + length
            if not length:
                break


@cache
def avifs() -> list[bytes]:
    """An AVIF of every kind: colours, transparency, an animation, 8 and 10 bits, turned."""
    rgb, rgba = smooth(40, 30, 3), smooth(40, 30, 4)
    exif = Image.Exif()
    exif[0x0112] = 7
    file = io.BytesIO()
    frames = [Image.fromarray(smooth(40, 30, 3, seed)) for seed in range(2)]
    frames[0].save(file, "AVIF", save_all=True, append_images=frames[1:], speed=10)
    deep = cv2.imencode(".avif", rgb.astype(np.uint16) << 2, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes()
    deep_alpha = cv2.imencode(".avif", rgba.astype(np.uint16) << 2, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes()
    return [
        *(saved(pixels, "AVIF", speed=10, subsampling=how) for pixels in (rgb, rgba) for how in ("4:4:4", "4:2:0")),
        saved(rgb, "AVIF", "L", speed=10),
        saved(rgb, "AVIF", speed=10, exif=exif.tobytes(), icc_profile=DISPLAY_P3),
        file.getvalue(),
        deep,
        deep_alpha,
    ]


def heic_file(pixels: npt.NDArray[np.uint8], orientation: int = 1, profile: bytes = b"", **how: Any) -> bytes:
    """Pixels as a HEIC file by pillow-heif, which must be installed; with an ICC profile, as telephones write it."""
    import pillow_heif

    exif = Image.Exif()
    exif[0x0112] = orientation
    height, width, channels = pixels.shape
    picture = pillow_heif.from_bytes("RGB" if channels == 3 else "RGBA", (width, height), pixels.tobytes())
    picture[0].info["exif"] = exif.tobytes()
    if profile:
        picture[0].info |= {"icc_profile": profile, "icc_profile_type": "prof"}
    file = io.BytesIO()
    picture.save(file, **{"quality": 90, "chroma": 444, **how})
    return file.getvalue()


@cache
def heics() -> list[bytes]:
    """A HEIC of every kind; pillow-heif must be installed."""
    rgb, rgba = smooth(64, 48, 3), smooth(64, 48, 4)
    return [
        *(heic_file(rgb, orientation) for orientation in (1, 3, 6, 7)),
        heic_file(rgba),
        heic_file(smooth(57, 39, 3)),
        heic_file(rgb, chroma=420),
        heic_file(smooth(140, 100, 3), tile_size=64),
        heic_file(rgb, profile=DISPLAY_P3),
    ]


def box_parts(data: bytes) -> Iterator[bytes]:
    """The boxes of an AVIF or HEIC file; of those that describe the picture, the boxes in them."""
    yield from _boxes_in(data, 0, len(data))


CONTAINERS: Final = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6}
"""Boxes that are taken apart, and what comes before the boxes in them."""


def _boxes_in(data: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        length = int.from_bytes(data[at : at + 4], "big") or end - at
        kind = data[at + 4 : at + 8]
        if kind in CONTAINERS:
            inner = at + 8 + CONTAINERS[kind]
            yield data[at:inner]
            yield from _boxes_in(data, inner, at + length)
        else:
            yield data[at : at + length]
        at += length
