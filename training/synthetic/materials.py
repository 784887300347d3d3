"""Colours and patterns, made by rule: no texture is read from anywhere."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from training.synthetic.mesh import Floats

Color = npt.NDArray[np.float64]
PLAIN, RINGS, COLUMNS, CHECKS, DOTS, BLOTCHES, TILES, PLANKS, DENIM, EMBLEM = range(10)


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface looks; the shader's words. ``colors`` (3, 3) linear RGB; scales and heights in metres."""

    kind: int
    colors: Floats
    pattern: int = PLAIN
    pattern_scale: float = 0.05
    fold_height: float = 0.0
    fold_scale: float = 0.1
    gloss: float = 0.0
    roughness: float = 20.0
    edge_noise: float = 0.0
    strands: int = 0
    seed: float = 0.0

    SKIN: ClassVar[int] = 0
    CLOTH: ClassVar[int] = 1
    HAIR: ClassVar[int] = 2
    SMOOTH: ClassVar[int] = 3
    SURROUNDINGS: ClassVar[int] = 4
    SHADOW_ONLY: ClassVar[int] = 5

    def uniforms(self) -> dict[str, object]:
        """What the shaders read at run time."""
        names = ("colors", "pattern_scale", "fold_height", "fold_scale", "gloss", "roughness", "edge_noise", "seed")
        return {name: getattr(self, name) for name in names}

    def defines(self, everything: bool) -> str:
        """What the shaders are compiled for: ``everything``, or only what decides where the surface ends."""
        flags = {"EDGES": int(self.edge_noise > 0), "STRANDS": self.strands}
        if everything:
            flags |= {"KIND": self.kind, "PATTERN": self.pattern, "FOLDS": int(self.fold_height > 0)}
        return "".join(f"#define {name} {value}\n" for name, value in flags.items())


def linear(srgb: npt.ArrayLike) -> Color:
    """sRGB in 0–1 → linear light (IEC 61966-2-1)."""
    values = np.asarray(srgb, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def three(*colors: npt.ArrayLike) -> Floats:
    """One to three sRGB colours → (3, 3) linear; the last is repeated."""
    rows = [linear(color) for color in colors]
    return np.array((rows + [rows[-1]] * 3)[:3], np.float32)


def plain(kind: int, color: npt.ArrayLike) -> Material:
    return Material(kind, three(color))
