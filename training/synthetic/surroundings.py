"""Surroundings: what is behind the people, painted by rule, built as a room, or cut from photos beside their people.

Pictures are float32 (H, W, 3) RGB in linear light.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, UInt8Array
from training.labels.lip import LABEL_ID
from training.synthetic.materials import BLOTCHES, CHECKS, COLUMNS, PLAIN, PLANKS, RINGS, TILES, Material, linear, three
from training.synthetic.mesh import Floats, Ints
from training.synthetic.motion import Doubles
from training.synthetic.palette import surroundings_color
from training.synthetic.renderer import Surface

Mask = npt.NDArray[np.bool_]

MIN_STRIP = 48
"""Pixels: photos with less room than this beside the person are of no use as a background."""

PERSON_MARGIN = 12


class PhotoBackgrounds:
    """Parts of a prepared folder's training photos that show no person."""

    def __init__(self, root: Path) -> None:
        self.folder = PreparedFolder(root)
        self.names = self.folder.names("train")

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Floats:
        """A background of the given size; another photo is tried when one is unreadable or full of
        people. Raises BrokenSampleError when twenty in turn are."""
        for _ in range(20):
            try:
                sample = self.folder.read(self.names[rng.integers(len(self.names))])
            except BrokenSampleError:
                continue
            strip = free_strip(sample.image, sample.labels != LABEL_ID["background"], rng)
            if strip is not None:
                return linear(cover_crop(strip, height, width, rng) / 255).astype(np.float32)
        raise BrokenSampleError(f"{self.folder.root}: twenty photos in turn leave no room beside the person")


def free_strip(image: UInt8Array, taken: Mask, rng: np.random.Generator) -> UInt8Array | None:
    """The part of a photo (H, W, 3) left, right or above all that is ``taken`` (H, W); None if there is too little."""
    columns, rows = np.nonzero(taken.any(0))[0], np.nonzero(taken.any(1))[0]
    if not len(columns):
        return image
    first, last, top = columns[0] - PERSON_MARGIN, columns[-1] + 1 + PERSON_MARGIN, rows[0] - PERSON_MARGIN
    strips = [image[:, : max(first, 0)], image[:, last:], image[: max(top, 0)]]
    strips = [strip for strip in strips if min(strip.shape[:2]) >= MIN_STRIP]
    return strips[rng.integers(len(strips))] if strips else None


def cover_crop(picture: UInt8Array, height: int, width: int, rng: np.random.Generator) -> Floats:
    """A random part of a picture, mirrored outwards where it is too narrow, enlarged to (height, width)."""
    scale = max(min(height / picture.shape[0], width / picture.shape[1]), 0.6) * rng.uniform(1.0, 1.5)
    size = (max(2, round(picture.shape[1] * scale)), max(2, round(picture.shape[0] * scale)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    while large.shape[0] < height:
        large = np.concatenate([large, large[::-1]], 0)
    while large.shape[1] < width:
        large = np.concatenate([large, large[:, ::-1]], 1)
    y, x = rng.integers(large.shape[0] - height + 1), rng.integers(large.shape[1] - width + 1)
    part = large[y : y + height, x : x + width]
    return np.asarray(part[:, ::-1] if rng.random() < 0.5 else part, np.float32)


def random_material(rng: np.random.Generator) -> Material:
    """Walls, floors and furniture."""
    patterns = (PLAIN, PLAIN, TILES, PLANKS, BLOTCHES, CHECKS, RINGS, COLUMNS)
    pattern = int(patterns[rng.integers(len(patterns))])
    base = surroundings_color(rng)
    return Material(
        Material.SURROUNDINGS,
        three(base, np.clip(base * rng.uniform(0.6, 1.4), 0.02, 1), surroundings_color(rng)),
        pattern,
        float(np.exp(rng.uniform(np.log(0.08), np.log(0.9)))),
        gloss=float(rng.beta(1, 8) * 0.4),
        roughness=float(rng.uniform(5, 50)),
        seed=float(rng.uniform(0, 100)),
    )


def box(low: Doubles, high: Doubles, material: Material, turn: float = 0.0) -> Surface:
    """A box between two corners (x, y, z; metres), turned about its own vertical axis by ``turn`` radians."""
    middle, half = (low + high) / 2, (high - low) / 2
    points: list[Doubles] = []
    directions: list[Doubles] = []
    triangles: list[tuple[int, int, int]] = []
    for axis in range(3):
        for sign in (-1, 1):
            a, b = (axis + 1) % 3, (axis + 2) % 3
            start = len(points)
            for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = np.zeros(3)
                corner[axis], corner[a], corner[b] = sign, u, v
                points.append(corner * half)
                directions.append(np.eye(3)[axis] * sign)
            triangles += [(start, start + 1, start + 2), (start, start + 2, start + 3)]
    c, s = np.cos(turn), np.sin(turn)
    turned = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    at_rest = np.array(points)
    return _surface(
        at_rest @ turned.T + middle, np.array(directions) @ turned.T, at_rest, np.array(triangles), material
    )


def cylinder(bottom: Doubles, top: Doubles, radius: float, material: Material) -> Surface:
    """A pole or a rail between two points."""
    axis = (top - bottom) / np.linalg.norm(top - bottom)
    side = np.cross(axis, [0.3, 0.1, 0.9])
    side /= np.linalg.norm(side)
    turn = np.linspace(0, 2 * np.pi, 17)
    around = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * np.cross(axis, side)
    points = np.concatenate([bottom + radius * around, top + radius * around])
    k = np.arange(16)
    triangles = np.concatenate([np.stack([k, k + 1, k + 17], 1), np.stack([k + 1, k + 18, k + 17], 1)])
    return _surface(points, np.concatenate([around, around]), points, triangles, material)


def ground(material: Material, half: float = 14.0) -> Surface:
    """The plane y = 0."""
    points = np.array([[-half, 0, -half], [half, 0, -half], [half, 0, half], [-half, 0, half]])
    up = np.tile([0.0, 1.0, 0.0], (4, 1))
    return _surface(points, up, points, np.array([[0, 2, 1], [0, 3, 2]]), material, casts_shadow=False)


def room(rng: np.random.Generator) -> list[Surface]:
    """A floor, four walls with boxes (furniture, windows) along them. The people stand around the origin."""
    size = rng.uniform(2.2, 5.5, 4)
    height = rng.uniform(2.4, 5)
    surfaces = [ground(random_material(rng))]
    wall = random_material(rng)
    for place, distance in enumerate(size):
        turn = place * np.pi / 2
        out = np.array([np.sin(turn), 0, np.cos(turn)])
        low, high = np.array([-7.0, 0.0, -0.05]), np.array([7.0, height, 0.05])
        shift = out * (distance + 0.05)
        surfaces.append(_moved(box(low, high, wall, turn), shift))
        for _ in range(int(rng.integers(1, 5))):
            wide, tall, deep = rng.uniform(0.3, 1.8), rng.uniform(0.3, 2.0), rng.uniform(0.02, 0.7)
            bottom = rng.uniform(0.8, 1.6) if deep < 0.15 else 0.0
            along = rng.uniform(-3, 3)
            low, high = np.array([-wide / 2, bottom, -deep / 2]), np.array([wide / 2, bottom + tall, deep / 2])
            shift = out * (distance - deep / 2) + along * np.array([out[2], 0, -out[0]])
            surfaces.append(_moved(box(low, high, random_material(rng), turn), shift))
    return surfaces


def _surface(
    points: Doubles, directions: Doubles, rest: Doubles, triangles: npt.NDArray[np.integer], material: Material,
    casts_shadow: bool = True,
) -> Surface:  # fmt: skip
    f = np.float32
    index: Ints = triangles.astype(np.int32)
    return Surface(
        points.astype(f), directions.astype(f), rest.astype(f), index, material, 0, casts_shadow=casts_shadow
    )


def _moved(surface: Surface, shift: Doubles) -> Surface:
    return replace(surface, vertices=(surface.vertices + shift).astype(np.float32))
