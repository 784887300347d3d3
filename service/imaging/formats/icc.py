"""ICC profiles of RGB and grey pictures (ICC.1:2022, https://www.color.org/specification/ICC.1-2022-05.pdf).

Read are profiles of curves and a matrix, which those of cameras, telephones and screens are. A profile that is damaged,
that has tables of colours alone, or that is of other colours than the picture is ignored: the picture then counts as
sRGB, as one without a profile does. Whatever a profile says, it takes little time, and only the memory of its bytes.
"""

import struct
import zlib
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from service.imaging.color import ColorConversion, Vector, srgb_to_light

Channels = Literal["rgb", "grey"]

MAX_PROFILE: Final = 65_536
"""Bytes of a profile that is read. Those of curves and a matrix have 500 to 4,000, a few 25,000."""
HEADER: Final = struct.Struct(">16x4s4s12x4s")
"""Of a profile: the colour space at byte 16, the space between profiles at 20, the signature at 36."""
MAX_TAGS: Final = 100
SPACES: Final[dict[bytes, tuple[Channels, ...]]] = {b"RGB ": ("rgb", "grey"), b"GRAY": ("grey",)}
"""Which pictures a profile of a colour space can be of: grey ones are stored as such, or as RGB's."""
SRGB_TO_XYZ: Final = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)  # fmt: skip
"""Columns: sRGB's red, green and blue in the space between profiles, XYZ of the white D50."""
PARAMETERS: Final = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""How many numbers each type of parametric curve has (table 68)."""
PRIMARIES: Final = {
    # of ITU-T H.273, by number: x and y of red, green, blue
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
WHITE_D65: Final = (0.3127, 0.3290)
SRGB_PRIMARIES: Final = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
SRGB_LIKE: Final = frozenset({1, 2, 6, 13, 14, 15})
"""Transfer functions of H.273 that are shown as sRGB's. Those of HDR (16, 18) are not converted."""


@lru_cache(maxsize=16)
def read_profile(profile: bytes, channels: Channels) -> ColorConversion | None:
    """The conversion to sRGB that a profile describes; None if it is sRGB's, or is ignored."""
    try:
        return _read(profile, channels) if len(profile) <= MAX_PROFILE else None
    except (struct.error, ValueError, FloatingPointError):
        return None


@lru_cache(maxsize=16)
def read_code_points(primaries: int, transfer: int) -> ColorConversion | None:
    """The conversion to sRGB from a colour space in the code points of ITU-T H.273, as AVIF, HEIC and PNG have them;
    None if it is sRGB's, or is ignored."""
    if primaries not in PRIMARIES or transfer not in SRGB_LIKE:
        return None
    to_xyz, srgb_to_xyz = (_to_xyz(chromaticities) for chromaticities in (PRIMARIES[primaries], SRGB_PRIMARIES))
    return ColorConversion.of(_thrice(srgb_to_light(np.arange(256) / 255)), np.linalg.inv(srgb_to_xyz) @ to_xyz)


def inflated(compressed: bytes) -> bytes:
    """A profile that was compressed by zlib; empty if it is damaged or larger than is read."""
    try:
        inflater = zlib.decompressobj()
        profile = inflater.decompress(compressed, MAX_PROFILE + 1)
    except zlib.error:
        return b""
    return profile if inflater.eof and len(profile) <= MAX_PROFILE else b""


def _to_xyz(chromaticities: tuple[tuple[float, float], ...]) -> Vector:
    """Light of primaries, given as x and y, to XYZ (3, 3), so that all together are the white D65."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in chromaticities]).T
    x, y = WHITE_D65
    return np.asarray(columns * np.linalg.solve(columns, [x / y, 1, (1 - x - y) / y]), np.float64)


def _read(profile: bytes, channels: Channels) -> ColorConversion | None:
    space, between, signature = HEADER.unpack_from(profile)
    if signature != b"acsp" or between != b"XYZ " or channels not in SPACES.get(space, ()):
        raise ValueError("no profile that is read")
    if space == b"GRAY":
        return ColorConversion.of(_thrice(_curve(_tag(profile, b"kTRC"))), np.eye(3))
    if channels == "grey":
        return ColorConversion.of(_thrice(_curve(_tag(profile, b"gTRC"))), np.eye(3))
    curves = np.stack([_curve(_tag(profile, name)) for name in (b"rTRC", b"gTRC", b"bTRC")], axis=1)
    to_xyz = np.stack([_xyz(_tag(profile, name)) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
    return ColorConversion.of(curves, np.linalg.inv(SRGB_TO_XYZ) @ to_xyz)


def _tag(profile: bytes, name: bytes) -> bytes:
    """The content of a tag.

    Raises:
        ValueError: the profile has none of that name.
    """
    (count,) = struct.unpack_from(">I", profile, 128)
    for number in range(min(count, MAX_TAGS)):
        found, start, size = struct.unpack_from(">4s2I", profile, 132 + 12 * number)
        if found == name:
            return profile[start : start + size]
    raise ValueError("a tag is missing")


def _xyz(tag: bytes) -> Vector:
    kind, *values = struct.unpack_from(">4s4x3i", tag)
    if kind != b"XYZ ":
        raise ValueError("no XYZ")
    return np.asarray(np.array(values) / 65_536, np.float64)


def _curve(tag: bytes) -> Vector:
    """The light (256,), 0–1, of the values 0–255."""
    values = np.arange(256) / 255
    kind = tag[:4]
    if kind == b"para":
        return _parametric(tag, values)
    if kind != b"curv":
        raise ValueError("no curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return values
    if count == 1:
        (gamma,) = struct.unpack_from(">H", tag, 12)
        return np.asarray(values ** (gamma / 256), np.float64)
    table = np.frombuffer(tag, ">u2", count, 12) / 65_535
    return np.interp(values, np.linspace(0, 1, count), table)


def _parametric(tag: bytes, values: Vector) -> Vector:
    (kind,) = struct.unpack_from(">H", tag, 8)
    numbers = [number / 65_536 for number in struct.unpack_from(f">{PARAMETERS.get(kind, 0)}i", tag, 12)]
    if not numbers:
        raise ValueError("no known curve")
    gamma, a, b, c, d, e, f = (numbers + [0.0] * 7)[:7]
    match kind:
        case 0:
            a, b, d = 1.0, 0.0, -1.0
        case 1 | 2:
            # below −b ÷ a it is constant: 0, or the third number of table 68's type 2
            e = f = c
            c, d = 0.0, -b / a if a else 2.0
    with np.errstate(all="raise"):
        light = np.where(values >= d, np.maximum(a * values + b, 0) ** gamma + e, c * values + f)
    return np.asarray(light, np.float64)


def _thrice(curve: Vector) -> Vector:
    return np.repeat(curve[:, None], 3, axis=1)
