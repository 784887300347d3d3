"""Backgrounds painted by rule: a studio wall, a street, leaves, clutter.

They need not deceive anybody; they need the colours, edges and textures that photographs have behind people. Pictures
are float32 (H, W, 3) RGB in linear light.
"""

import cv2
import numpy as np

from training.synthetic.camera import Camera
from training.synthetic.materials import linear
from training.synthetic.mesh import Floats
from training.synthetic.motion import Doubles
from training.synthetic.palette import surroundings_color

KINDS = {"studio": 0.18, "street": 0.37, "leaves": 0.25, "clutter": 0.2}
LEAF_COLORS = ((0.20, 0.30, 0.10), (0.32, 0.42, 0.16), (0.12, 0.20, 0.08), (0.45, 0.45, 0.22), (0.36, 0.28, 0.18))


def paint_background(camera: Camera, rng: np.random.Generator) -> Floats:
    """A background of the camera's size, sharp or out of focus; streets have the camera's horizon."""
    height, width = camera.height, camera.width
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    if kind == "studio":
        return studio(height, width, rng)
    if kind == "street":
        picture = street(height, width, horizon_of(camera), rng)
    elif kind == "leaves":
        picture = leaves(height, width, horizon_of(camera), rng)
    else:
        picture = clutter(height, width, rng)
    if rng.random() < 0.6:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.6, 5))), np.float32)
    return picture


def horizon_of(camera: Camera) -> int:
    """The row at which the ground ends for this camera, kept within the picture."""
    forward = -camera.axes()[2] * [1, 0, 1]
    far = camera.eye + forward / max(float(np.linalg.norm(forward)), 1e-6) * 50
    row = camera.project(far[None])[0][0, 1]
    return int(np.clip(row, 0.05 * camera.height, 0.95 * camera.height))


def studio(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Nearly one colour, brighter in one place."""
    base = linear(surroundings_color(rng) if rng.random() < 0.5 else np.full(3, rng.uniform(0.35, 0.97)))
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    spot = np.exp(-((x - rng.random()) ** 2 + (y - rng.random()) ** 2) / rng.uniform(0.2, 1.5))
    return np.asarray(base * (0.6 + 0.5 * spot[..., None]) * (0.95 + 0.1 * grain(height, width, rng)), np.float32)


def street(height: int, width: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Sky, house fronts with windows and doors, poles, and the ground below the horizon."""
    picture = np.empty((height, width, 3), np.float32)
    sky, haze = linear((0.45, 0.62, 0.85)), linear((0.85, 0.88, 0.9)) * rng.uniform(0.6, 1.1)
    blue = rng.random()
    fade = np.linspace(0, 1, height)[:, None, None] ** 0.7
    picture[:] = (blue * sky + (1 - blue) * haze) * (1 - fade) + haze * fade
    left = -int(rng.integers(0, width // 2))
    while left < width:
        wide = int(width * rng.uniform(0.15, 0.9))
        top = int(horizon - height * rng.uniform(0.25, 1.1))
        _front(picture, (left, top, left + wide, horizon + int(0.02 * height)), rng)
        left += wide + (int(width * rng.uniform(0, 0.25)) if rng.random() < 0.4 else 0)
    _ground(picture, horizon, rng)
    for _ in range(int(rng.integers(0, 5))):  # poles, signs, parked things
        x, tall, thick = rng.integers(width), rng.uniform(0.08, 0.8) * height, rng.uniform(0.004, 0.12) * width
        foot = horizon + int(rng.uniform(0.0, 0.12) * height)
        shade = _shade(rng, 0.8)
        cv2.rectangle(picture, (int(x), int(foot - tall)), (int(x + thick), foot), shade, -1)
    return _grained(picture, rng)


def _front(picture: Floats, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """One house: a wall, and a grid of windows with frames (in place)."""
    left, top, right, bottom = box
    cv2.rectangle(picture, (left, top), (right, bottom), _shade(rng, 0.9), -1)
    columns, rows = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    step_x, step_y = (right - left) / columns, (bottom - top) / rows
    wide, tall = rng.uniform(0.3, 0.8), rng.uniform(0.4, 0.8)
    glass, frame = _shade(rng, 0.35), _shade(rng, 1.2)
    for row in range(rows):
        for column in range(columns):
            x, y = left + (column + 0.5) * step_x, top + (row + 0.5) * step_y
            half = (int(wide * step_x / 2), int(tall * step_y / 2))
            corners = (int(x) - half[0], int(y) - half[1]), (int(x) + half[0], int(y) + half[1])
            lit = tuple(c * float(rng.uniform(0.5, 1.8)) for c in glass)
            cv2.rectangle(picture, *corners, lit, -1)
            cv2.rectangle(picture, *corners, frame, max(1, int(0.05 * step_x)))


def _ground(picture: Floats, horizon: int, rng: np.random.Generator) -> None:
    """Paving below the horizon, its joints running to a point on it, and a kerb or two (in place)."""
    height, width = picture.shape[:2]
    below = height - horizon
    if below < 2:
        return
    near = np.linspace(0, 1, below)[:, None, None]
    color = linear(surroundings_color(rng))
    picture[horizon:] = color * (0.75 + 0.35 * near)
    stretched = cv2.resize(grain(max(4, below // 4), width, rng), (width, below), interpolation=cv2.INTER_LINEAR)
    picture[horizon:] *= (0.75 + 0.5 * stretched)[..., None]
    if rng.random() < 0.6:
        vanishing = (int(rng.uniform(-0.3, 1.3) * width), horizon)
        shade = tuple(float(c) for c in color * rng.uniform(0.5, 1.3))
        for x in np.arange(-3 * width, 4 * width, max(12, int(width * rng.uniform(0.1, 0.5)))):
            cv2.line(picture, vanishing, (int(x), height), shade, 1, cv2.LINE_AA)
        for share in np.linspace(0.05, 1, int(rng.integers(3, 12))) ** 2:
            y = horizon + int(share * below)
            cv2.line(picture, (0, y), (width, y), shade, max(1, int(3 * share)), cv2.LINE_AA)


def leaves(height: int, width: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Trees and hedges over grass: thousands of small blades, dark inside, light outside."""
    picture = np.empty((height, width, 3), np.float32)
    tint = rng.uniform(0.7, 1.3, 3) * rng.uniform(0.5, 1.3)
    colors = [linear(np.clip(np.array(color) * tint, 0, 1)) for color in LEAF_COLORS]
    picture[:] = linear((0.75, 0.82, 0.9)) if rng.random() < 0.5 else colors[2]
    crowns = grain(height, width, rng)[..., 0]
    picture[crowns > rng.uniform(0.3, 0.55)] = colors[2] * 0.5
    _ground(picture, horizon, rng)
    if rng.random() < 0.6:
        picture[horizon:] = colors[1] * (0.6 + 0.6 * grain(height, width, rng)[horizon:])
    size = rng.uniform(0.004, 0.02) * height
    for x, y, turn in rng.random((int(rng.integers(400, 1400)), 3)) * (width, height, 180):
        row, column = int(y), int(x)
        if row < horizon and crowns[row, column] < 0.45:
            continue
        light = rng.uniform(0.4, 1.5) * (0.5 + crowns[row, column])
        shade = tuple(float(c) for c in colors[int(rng.integers(len(colors)))] * light)
        axes = (max(1, int(size * rng.uniform(1, 3))), max(1, int(size * rng.uniform(0.4, 1))))
        cv2.ellipse(picture, (column, row), axes, float(turn), 0, 360, shade, -1)
    for _ in range(int(rng.integers(0, 4))):
        x, thick = rng.uniform(0, width), rng.uniform(0.01, 0.07) * width
        trunk = [(x, 0), (x + thick, 0), (x + thick * 1.3, horizon + 0.03 * height), (x - thick * 0.3, horizon)]
        cv2.fillConvexPoly(picture, np.array(trunk, np.int32), tuple(float(c) for c in colors[4] * rng.uniform(0.3, 1)))
    return _grained(picture, rng)


def clutter(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Shapes of all sizes over each other: dead leaves (Lee, Mumford, Huang, 2001), which have the statistics of
    photographs."""
    picture = np.empty((height, width, 3), np.float32)
    palette = [linear(surroundings_color(rng)) for _ in range(6)]
    picture[:] = palette[0]
    smallest, largest = 0.012 * height, rng.uniform(0.2, 0.6) * height
    sizes = (smallest**-2 + rng.random(400) * (largest**-2 - smallest**-2)) ** -0.5  # their density falls as size⁻³
    for size in np.concatenate([np.sort(sizes)[::-1][:150], rng.permutation(sizes)]):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (max(1, int(size)), max(1, int(size * rng.uniform(0.2, 1))))
        shade = tuple(float(c) for c in palette[int(rng.integers(6))] * rng.uniform(0.5, 1.4))
        if rng.random() < 0.8:
            box = cv2.boxPoints((center, axes, float(rng.normal(0, 8) if rng.random() < 0.7 else rng.uniform(0, 180))))
            cv2.fillConvexPoly(picture, box.astype(np.int32), shade, cv2.LINE_AA)
        else:
            cv2.ellipse(picture, center, axes, float(rng.uniform(0, 180)), 0, 360, shade, -1, cv2.LINE_AA)
    return _grained(picture, rng)


def grain(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Noise in 0–1 at several scales, (H, W, 1)."""
    total = np.zeros((height, width), np.float32)
    for cells, weight in ((4, 0.45), (16, 0.25), (64, 0.2), (256, 0.1)):
        coarse = rng.random((cells + 1, cells + 1), np.float32)
        total += weight * np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.clip(total, 0, 1)[..., None]


def _shade(rng: np.random.Generator, brightness: float) -> tuple[float, ...]:
    color: Doubles = linear(surroundings_color(rng)) * brightness
    return tuple(float(channel) for channel in color)


def _grained(picture: Floats, rng: np.random.Generator) -> Floats:
    height, width = picture.shape[:2]
    return np.asarray(np.clip(picture * (0.65 + 0.7 * grain(height, width, rng)), 0.001, 2), np.float32)
