"""Colours of skin, hair and cloth, and how cloth, leather and hair look."""

import numpy as np
import numpy.typing as npt

from training.synthetic.materials import (
    BLOTCHES,
    CHECKS,
    COLUMNS,
    DENIM,
    DOTS,
    EMBLEM,
    PLAIN,
    RINGS,
    Material,
    three,
)

SRGB = npt.NDArray[np.float64]

SKIN_TONES = ("f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420")
"""The ten tones of the Monk scale (Monk, 2022), as sRGB; drawn ones lie between two neighbours."""

HAIR_COLORS = (("0d0b0a", 5), ("1d1410", 5), ("3a2415", 5), ("5a3a22", 3), ("8a6238", 2), ("b8935a", 2),
               ("d8c08a", 1.5), ("7a3218", 1), ("8d8d8d", 1), ("d9d9d6", 0.8), ("9a2a4a", 0.2),
               ("2a4a8a", 0.2))  # fmt: skip
OLD_HAIR_COLORS = (("8d8d8d", 3), ("d9d9d6", 3), ("4a4644", 2), ("1d1410", 1))
NEUTRALS = ("0e0e10", "1a1c22", "2b2e36", "55585e", "8e9196", "c9cbcd", "f2f2f0", "e9e2d2", "c8b391", "8b6c4a",
            "4c3a2b", "1c2742", "2c3f66", "4a5a3a", "5a1f28")  # fmt: skip
DENIMS = ("1b2a4a", "2f4a78", "6a8ab8", "16181f", "9fb4d0")
LEATHERS = ("0f0e0e", "2b1b12", "5a3820", "8a5a34", "f0f0ee", "c9b79a", "6a1a1a", "30343c")
NEUTRAL_SHARE = 0.6
SCALES = {BLOTCHES: (0.03, 0.14), DOTS: (0.02, 0.06), EMBLEM: (0.06, 0.14)}
"""Metres."""


def srgb(code: str) -> SRGB:
    """``"rrggbb"`` → (3,) in 0–1."""
    return np.array([int(code[k : k + 2], 16) for k in (0, 2, 4)]) / 255


def _weighted(colors: tuple[tuple[str, float], ...], rng: np.random.Generator) -> SRGB:
    weights = np.array([weight for _, weight in colors])
    return srgb(colors[rng.choice(len(colors), p=weights / weights.sum())][0])


def _near(color: SRGB, spread: float, rng: np.random.Generator) -> SRGB:
    return np.asarray(np.clip(color + rng.normal(0, spread, 3) + rng.normal(0, spread), 0.015, 0.97), np.float64)


def cloth_color(rng: np.random.Generator) -> SRGB:
    """What people wear: neutrals more often than not, else any hue, rarely loud."""
    if rng.random() < NEUTRAL_SHARE:
        return _near(srgb(NEUTRALS[rng.integers(len(NEUTRALS))]), 0.03, rng)
    hue, saturation, value = rng.random(), rng.beta(1.8, 2.0), rng.uniform(0.12, 0.9)
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return np.asarray(np.clip(value * (1 - saturation + saturation * wheel), 0.015, 0.97), np.float64)


def surroundings_color(rng: np.random.Generator) -> SRGB:
    """An sRGB colour as of walls, streets, wood and leaves: mostly half grey, now and then loud."""
    color = cloth_color(rng)
    faded = rng.beta(3, 1.5) if rng.random() < 0.85 else 0.0
    tint = np.array([1.03, 1.0, 0.95]) if rng.random() < 0.6 else np.ones(3)
    return np.asarray(np.clip((color + faded * (color.mean() - color)) * tint, 0.01, 0.98), np.float64)


def skin(rng: np.random.Generator, hair: SRGB) -> Material:
    """A skin tone; the second colour is that of the lips, the third that of brows and stubble."""
    place = rng.uniform(0, len(SKIN_TONES) - 1.001)
    low, share = int(place), place % 1
    tone = (1 - share) * srgb(SKIN_TONES[low]) + share * srgb(SKIN_TONES[low + 1])
    tone = np.clip(tone * np.array([0.98, 0.86, 0.80]) + rng.normal(0, 0.012, 3), 0.05, 0.95)
    lips = tone * np.array([0.86, 0.55, 0.55]) if rng.random() < 0.85 else np.array([0.6, 0.08, 0.12])
    brows = 0.6 * hair + 0.4 * tone * 0.4
    return Material(
        Material.SKIN, three(tone, lips, brows), gloss=float(rng.uniform(0.03, 0.22)),
        roughness=float(rng.uniform(8, 30)), seed=float(rng.uniform(0, 100)),
    )  # fmt: skip


def hair_color(rng: np.random.Generator, age: float) -> SRGB:
    return _near(_weighted(OLD_HAIR_COLORS if age > 0.85 else HAIR_COLORS, rng), 0.015, rng)


def hair(color: SRGB, rng: np.random.Generator, strands: bool, edge: float = 0.0) -> Material:
    return Material(
        Material.HAIR, three(color * 0.75, np.clip(color * 1.25 + 0.02, 0, 1)), gloss=float(rng.uniform(0.05, 0.3)),
        roughness=25.0, strands=int(strands), edge_noise=edge, seed=float(rng.uniform(0, 100)),
    )  # fmt: skip


def cloth(rng: np.random.Generator, kind: str = "top") -> Material:
    """Cloth for a ``top``, ``pants``, ``coat``, ``skirt`` or ``knit`` (socks, scarves, gloves, hats)."""
    color, second, third = cloth_color(rng), cloth_color(rng), cloth_color(rng)
    pattern, scale = PLAIN, 0.05
    if kind == "pants" and rng.random() < 0.45:
        code = DENIMS[rng.integers(len(DENIMS))]
        pattern, color, second = DENIM, _near(srgb(code), 0.02, rng), np.clip(srgb(code) * 1.6 + 0.06, 0, 1)
    elif rng.random() < {"top": 0.5, "pants": 0.15, "coat": 0.18, "skirt": 0.5, "knit": 0.35}[kind]:
        options = (RINGS, RINGS, COLUMNS, CHECKS, DOTS, BLOTCHES, EMBLEM)
        pattern = options[rng.integers(len(options) if kind == "top" else len(options) - 1)]
        low, high = SCALES.get(pattern, (0.012, 0.1))
        scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return Material(
        Material.CLOTH,
        three(color, second, third),
        pattern,
        scale,
        fold_height=float(rng.uniform(0.006, 0.03)),
        fold_scale=float(rng.uniform(0.05, 0.16)),
        gloss=float(rng.beta(1, 6) * 0.5),
        roughness=float(rng.uniform(6, 30)),
        edge_noise=float(rng.uniform(0, 0.003)),
        seed=float(rng.uniform(0, 100)),
    )


def leather(rng: np.random.Generator) -> Material:
    code = LEATHERS[rng.integers(len(LEATHERS))]
    base = _near(srgb(code), 0.03, rng) if rng.random() < 0.75 else cloth_color(rng)
    return Material(
        Material.SMOOTH, three(base, cloth_color(rng)), fold_height=0.002, fold_scale=0.04,
        gloss=float(rng.uniform(0.05, 0.5)), roughness=float(rng.uniform(10, 60)), seed=float(rng.uniform(0, 100)),
    )  # fmt: skip
