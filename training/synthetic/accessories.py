"""Small things that no garment file has: sunglasses, a cap's visor, eyebrows."""

import numpy as np
import numpy.typing as npt

from training.synthetic.mesh import Floats, Ints
from training.synthetic.regions import BodyCoordinates

Shape = tuple[Floats, Ints]
"""Points (N, 3) at rest, in metres, and triangles (F, 3)."""

Rough = tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]
"""A shape of numbers of any width."""

RIM_POINTS = 16


def sunglasses(places: BodyCoordinates, rng: np.random.Generator) -> Shape:
    """Two curved lenses, round to square, a bridge and two temples, as wide as the eyes stand apart."""
    eye = places.marks["eye"]
    size = float(eye[0]) / 0.031
    width, height = rng.uniform(0.024, 0.031) * size, rng.uniform(0.017, 0.027) * size
    front, power = float(eye[2]) + 0.032 * size, rng.uniform(1.6, 4.5)
    turn = np.linspace(0, 2 * np.pi, RIM_POINTS, endpoint=False)
    rim = np.stack([np.cos(turn), np.sin(turn)], 1)
    rim = np.sign(rim) * np.abs(rim) ** (2 / power) * (width, height)  # a superellipse
    shapes: list[Rough] = []
    for side in (-1, 1):
        middle = np.array([side * eye[0] * 1.03, eye[1] - 0.002, front])
        points = middle + np.column_stack([rim, -0.06 * np.abs(rim[:, 0]) / size])
        k = np.arange(RIM_POINTS)
        fan = np.stack([np.zeros_like(k), 1 + k, 1 + (k + 1) % RIM_POINTS], 1)
        shapes.append((np.concatenate([middle[None] + [0, 0, 0.002], points]), fan))
        hinge, ear = side * (eye[0] + width), side * (eye[0] + width + 0.014 * size)
        shapes.append(_ribbon((hinge, eye[1] + 0.006, front - 0.01), (ear, eye[1] + 0.006, eye[2] - 0.085 * size)))
    inner = eye[0] - width
    shapes.append(_ribbon((-inner, eye[1] + 0.003, front), (inner, eye[1] + 0.003, front)))
    return _joined(shapes)


def visor(places: BodyCoordinates, backward: bool) -> Shape:
    """Half a disc before the brow, or behind the head."""
    eye = places.marks["eye"]
    at_brow = (places.is_head > 0.5) & (np.abs(places.points[:, 1] - eye[1] - 0.05) < 0.02)
    skull = places.points[at_brow]
    half, way = float(np.abs(skull[:, 0]).max()), -1 if backward else 1
    edge = float(skull[:, 2].min() if backward else skull[:, 2].max())
    turn = np.linspace(0, np.pi, 13)
    reach = 0.075 * np.sin(turn) ** 0.7
    back = edge - way * 0.05 * (1 - np.sin(turn)) + way * 0.008
    level = np.full_like(turn, eye[1] + 0.052)
    inside = np.column_stack([0.85 * half * np.cos(turn), level, back])
    outside = np.column_stack([0.95 * half * np.cos(turn), level - 0.25 * reach, back + way * reach])
    k = np.arange(12)
    triangles = np.concatenate([np.stack([k, k + 13, k + 14], 1), np.stack([k, k + 14, k + 1], 1)])
    return _joined([(np.concatenate([inside, outside]), triangles)])


def brows(places: BodyCoordinates) -> Floats:
    """How much of an eyebrow each point is, 0 or 1, (V,): an arc above each eye."""
    x, y, z = (places.points - places.marks["eye"]).T
    x = np.abs(places.points[:, 0]) - places.marks["eye"][0]
    arc = 0.021 - 6.0 * x**2
    return np.asarray((np.abs(x) < 0.022) & (z > 0) & (np.abs(y - arc) < 0.0034), np.float32)


def _ribbon(start: tuple[float, float, float], end: tuple[float, float, float]) -> Rough:
    """A flat strip between two points, 6 mm high."""
    half = np.array([0, 0.003, 0])
    a, b = np.array(start), np.array(end)
    return np.array([a + half, a - half, b - half, b + half], np.float32), np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def _joined(shapes: list[Rough]) -> Shape:
    starts = np.cumsum([0] + [len(points) for points, _ in shapes])
    triangles = [part + start for (_, part), start in zip(shapes, starts, strict=False)]
    return np.concatenate([p for p, _ in shapes]).astype(np.float32), np.concatenate(triangles).astype(np.int32)
