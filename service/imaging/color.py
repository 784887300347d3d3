"""Conversion of a photo's colours to sRGB.

Photos of telephones and cameras may have a larger colour space than sRGB, Display P3 or Adobe RGB for most. What
describes it is a curve for each channel (from the stored value to light) and a matrix (from the space's primaries to
sRGB's); colours that sRGB has not become the nearest on its rim, channel by channel.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

import cv2
import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

STRIP: Final = 1 << 16
"""Pixels that are converted at once: what that takes beside the picture stays in the processor's cache."""
INVISIBLE: Final = 2
"""Levels, of 255, by which colours of a space may differ from sRGB's and count as the same: profiles of sRGB round
their numbers differently."""
TOLERANCE: Final = 0.1
"""By how much the light of black and white, 0–1, may differ from 0 and 1 in a colour space that is believed."""
LARGEST: Final = 4.0
"""Number in a matrix that is believed; ProPhoto RGB, the widest space of photos, has 2.03."""
FLAT: Final = 0.05
"""Determinant of a matrix at most whose three primaries are hardly three colours."""
SAMPLES: Final = np.linspace(0, 255, 6).astype(np.uint8)
"""Values of each channel for which a conversion is compared with none."""


def srgb_to_light(values: Vector) -> Vector:
    """Light (0–1) of values of sRGB (0–1): IEC 61966-2-1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def light_to_srgb(light: Vector) -> Vector:
    """Values of sRGB (0–1) of light (0–1); the inverse of :func:`srgb_to_light`."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


@dataclass(frozen=True, slots=True)
class ColorConversion:
    """How the colours of a photo become sRGB."""

    curves: bytes
    """The light (0–65,535) of the values 0–255 of red, green and blue, as uint16 (256, 3)."""
    matrix: tuple[float, ...]
    """Light in the space's red, green and blue to that in sRGB's: 3×3, row by row."""

    @classmethod
    def of(cls, curves: Vector, matrix: Vector) -> Self | None:
        """The conversion with curves (256, 3) of light, 0–1, and a matrix (3, 3); None if it changes nothing that can
        be seen.

        Raises:
            ValueError: they are those of no colour space for photos.
        """
        white = matrix @ curves[-1]
        is_plausible = (
            np.isfinite(curves).all()
            and (np.maximum.accumulate(curves) - curves < TOLERANCE).all()
            and (curves[0] < TOLERANCE).all()
            and (np.abs(white - 1) < TOLERANCE).all()
            and (np.abs(matrix) < LARGEST).all()
            and abs(np.linalg.det(matrix)) > FLAT
        )
        if not is_plausible:
            raise ValueError("black does not become black, white not white, or the matrix is out of all proportion")
        matrix = matrix / white[:, None]
        table = np.round(np.clip(curves, 0, 1) * 65_535).astype(np.uint16)
        made = cls(table.tobytes(), tuple(matrix.ravel().tolist()))
        colors = np.ascontiguousarray(np.stack(np.meshgrid(*[SAMPLES] * 3), -1).reshape(-1, 1, 3))
        change = np.abs(made._converted(colors).astype(int) - colors).max()
        return made if change > INVISIBLE else None

    def apply(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Converts pixels (height, width, 3 or 4), RGB or RGBA, in place; alpha stays."""
        rows = max(1, STRIP // pixels.shape[1])
        for top in range(0, len(pixels), rows):
            strip = pixels[top : top + rows]
            if pixels.shape[2] == 3:
                strip[:] = self._converted(strip)
            else:
                strip[..., :3] = self._converted(cv2.cvtColor(strip, cv2.COLOR_RGBA2RGB))

    def _converted(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        curves = np.frombuffer(self.curves, np.uint16).reshape(256, 3)
        same = (curves == curves[:, :1]).all()
        light = cv2.LUT(pixels, curves[:, 0][None] if same else curves[None])
        matrix = np.array(self.matrix, np.float32).reshape(3, 3)
        return np.asarray(cv2.LUT(cv2.transform(light, matrix), _srgb_values()), np.uint8)


@cache
def _srgb_values() -> npt.NDArray[np.uint8]:
    """The value of sRGB (1, 65,536), 0–255, for each level of light."""
    light = np.arange(65_536, dtype=np.float64) / 65_535
    return np.round(light_to_srgb(light) * 255).astype(np.uint8)[None]
