"""Scene generator: people, surroundings, camera and light, rendered as a labelled photo."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.sample import OCCLUDED, FloatArray, UInt8Array, no_joints
from training.labels.lip import IGNORE, JOINT_ID, LIP
from training.synthetic import photo_effects, surroundings
from training.synthetic.camera import Camera, draw_light
from training.synthetic.materials import Material, plain
from training.synthetic.mesh import Floats
from training.synthetic.painted_background import paint_background, studio
from training.synthetic.people import Person, PersonGenerator
from training.synthetic.renderer import NO_PERSON, Renderer, RenderOutput, Surface
from training.synthetic.surroundings import PhotoBackgrounds

LONG_SIDE = 512
SHAPES = ((384, 512, 0.45), (512, 512, 0.22), (512, 384, 0.15), (320, 512, 0.18))
"""Width, height and share of the pictures."""

PEOPLE_SHARES = (0.74, 0.17, 0.06, 0.03)
"""Shares of pictures with one, two, three and four people."""

MAIN = 1
"""Number of the main person, who has joints and labels; the pixels of others are unknown (255)."""

MIN_SHARE, MIN_VISIBLE = 0.02, 5
"""A picture must show this share of its pixels and this many visible joints of its main person."""

TRIES = 6

JOINT_DEPTH = {
    "ankle": 0.07, "knee": 0.10, "hip": 0.19, "pelvis": 0.22, "thorax": 0.19, "upper-neck": 0.14, "head-top": 0.16,
    "wrist": 0.06, "elbow": 0.08, "shoulder": 0.13,
}  # fmt: skip
"""Metres of flesh and cloth that may lie before a joint that still counts as visible, at a height of 1.7 m."""


@dataclass(frozen=True, slots=True)
class VisiblePerson:
    """A person in a picture: box (x0, y0, x1, y1; the last column and row excluded) and name of the pose."""

    box: tuple[int, int, int, int]
    pose: str


@dataclass(frozen=True, slots=True)
class RenderedSample:
    """A labelled photo.

    ``jpeg``: its file. ``labels``: uint8 (H, W). ``joints``: (16, 3) as in ``Sample``. ``people``: all who are visible,
    the main person first.
    """

    jpeg: bytes
    labels: UInt8Array
    joints: FloatArray
    people: list[VisiblePerson]


class NoVisiblePersonError(Exception):
    """No attempt gave a picture with enough of the main person in it."""


class SceneGenerator:
    """Generates labelled photos. One per process, since it owns a renderer."""

    def __init__(self, person_generator: PersonGenerator, photos: PhotoBackgrounds | None) -> None:
        self.person_generator, self.photos, self.renderer = person_generator, photos, Renderer()

    def generate(self, seed: int, index: int) -> RenderedSample:
        """The sample of a seed and index, which is always the same. Raises NoVisiblePersonError."""
        for attempt in range(TRIES):
            sample = self._try(np.random.default_rng((seed, index, attempt)))
            if sample is not None:
                return sample
        raise NoVisiblePersonError(f"seed {seed}, index {index}: {TRIES} tries showed too little of anybody")

    def _try(self, rng: np.random.Generator) -> RenderedSample | None:
        width, height, _ = SHAPES[rng.choice(len(SHAPES), p=[share for _, _, share in SHAPES])]
        people = self._people(rng)
        camera, light = draw_camera(people[0], width, height, rng), draw_light(rng)
        around, behind = self._place(camera, people, rng)
        picture = self.renderer.render(around + [s for p in people for s in p.surfaces], camera, light)
        joints = project_joints(people[0], picture, camera)
        boxes = [(box_of(picture.people == MAIN + number), person) for number, person in enumerate(people)]
        shown = [VisiblePerson(box, person.pose) for box, person in boxes if box is not None]
        if (picture.people == MAIN).mean() < MIN_SHARE or np.nansum(joints[:, 2]) < MIN_VISIBLE:
            return None
        photo = photo_effects.simulate_camera(photo_effects.composite(picture, camera, behind), picture.people, rng)
        labels = np.where(np.isin(picture.people, (NO_PERSON, MAIN)), picture.labels, IGNORE).astype(np.uint8)
        return RenderedSample(photo_effects.encode(photo, rng), labels, joints, shown)

    def _people(self, rng: np.random.Generator) -> list[Person]:
        count = int(rng.choice(len(PEOPLE_SHARES), p=PEOPLE_SHARES)) + 1
        places = [np.zeros(2)]
        while len(places) < count:
            turn, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 2.5)
            places.append(distance * np.array([np.cos(turn), np.sin(turn)]))
        return [self.person_generator.draw(MAIN + number, place, rng) for number, place in enumerate(places)]

    def _place(self, camera: Camera, people: list[Person], rng: np.random.Generator) -> tuple[list[Surface], Floats]:
        """Surfaces around the people, and the background picture (H, W, 3)."""
        height, width = camera.height, camera.width
        surfaces = occluders(camera, people[0], rng) + seats(people, rng)
        if rng.random() < 0.3:
            return surfaces + surroundings.room(rng), studio(height, width, rng)
        if rng.random() < 0.8:
            surfaces.append(surroundings.ground(plain(Material.SHADOW_ONLY, (0, 0, 0))))
        if self.photos is not None and rng.random() < 0.75:
            return surfaces, self.photos.draw(height, width, rng)
        return surfaces, paint_background(camera, rng)


def draw_camera(person: Person, width: int, height: int, rng: np.random.Generator) -> Camera:
    """A random camera that looks at a person.

    Mostly from eye height, sometimes low or high; near with a wide lens or far with a long one. The person fills
    most of the picture, and one picture in four shows only a part of the person.
    """
    points = np.concatenate([s.vertices[:: max(1, len(s.vertices) // 200)] for s in person.surfaces])
    if rng.random() < 0.25:
        points = part_of(person, points, rng)
    target = (points.min(0) + points.max(0)) / 2
    turn = rng.uniform(0, 2 * np.pi)
    pitch = np.deg2rad(np.clip(rng.normal(4, 9) if rng.random() < 0.8 else rng.uniform(-25, 60), -30, 70))
    out = np.array([np.sin(turn) * np.cos(pitch), np.sin(pitch), np.cos(turn) * np.cos(pitch)])
    focal = float(np.exp(rng.uniform(np.log(0.75), np.log(3.0))))
    roll = np.deg2rad(rng.normal(0, 3) if rng.random() < 0.9 else rng.normal(0, 15))
    fill = float(rng.uniform(0.62, 1.1))
    distance = 2.0 * focal * float(np.ptp(points, axis=0).max())
    camera = Camera(width, height, target + out, target, float(roll), focal)
    for _ in range(4):
        eye = target + out * distance
        eye[1] = max(eye[1], 0.12)
        camera = Camera(width, height, eye, target, float(roll), focal)
        pixels, _ = camera.project(points)
        share = float((np.ptp(pixels, axis=0) / (width, height)).max())
        distance = max(distance * share / fill, 0.55 + 0.5 * float(np.ptp(points, axis=0).max()))
    pixels, _ = camera.project(points)
    low, high = pixels.min(0), pixels.max(0)
    free = np.maximum((width, height) - (high - low), 0) / 2
    wanted = np.array([width, height]) / 2 + rng.uniform(-0.8, 0.8, 2) * free - (low + high) / 2
    return Camera(width, height, camera.eye, target, float(roll), focal, (wanted[0] / height, -wanted[1] / height))


def part_of(person: Person, points: Floats, rng: np.random.Generator) -> Floats:
    """The points near some of the joints: the upper body more often than the lower."""
    near = [7, 8, 9, 10, 11, 12, 13, 14, 15] if rng.random() < 0.7 else [0, 1, 2, 3, 4, 5, 6]
    if rng.random() < 0.3:
        near = [7, 8, 9, 12, 13]
    chosen = person.joints[near]
    distance = np.linalg.norm(points[:, None] - chosen[None], axis=2).min(1)
    return np.asarray(points[distance < 0.2], np.float32)


def occluders(camera: Camera, person: Person, rng: np.random.Generator) -> list[Surface]:
    """Random occluders: sometimes a box, a pole or a rail between the camera and the person."""
    if rng.random() > 0.25:
        return []
    joint = person.joints[rng.integers(len(LIP.joints))]
    at = camera.eye + (joint - camera.eye) * rng.uniform(0.45, 0.85) + rng.normal(0, 0.12, 3)
    material = surroundings.random_material(rng)
    kind = rng.integers(3)
    if kind == 0:
        half = rng.uniform(0.05, 0.22, 3)
        low = at - half
        low[1] = min(low[1], 0.0) if rng.random() < 0.6 else low[1]
        return [surroundings.box(low, at + half, material, float(rng.uniform(0, np.pi)))]
    radius = float(rng.uniform(0.015, 0.06))
    if kind == 1:
        return [surroundings.cylinder(at * [1, 0, 1], at * [1, 0, 1] + [0, 3.0, 0], radius, material)]
    along = camera.axes()[0] * 3
    return [surroundings.cylinder(at - along, at + along, radius, material)]


def seats(people: list[Person], rng: np.random.Generator) -> list[Surface]:
    """Seats: a box under every sitting person."""
    surfaces = []
    for person in people:
        if person.seat is not None and person.seat > 0.1:
            pelvis = person.joints[JOINT_ID["pelvis"]]
            knees = (person.joints[JOINT_ID["left-knee"]] + person.joints[JOINT_ID["right-knee"]]) / 2
            forward = (knees - pelvis) * [1, 0, 1]
            turn = float(np.arctan2(forward[0], forward[2]))
            half = np.array([rng.uniform(0.2, 0.9), 0, rng.uniform(0.17, 0.22)])
            middle = pelvis * [1, 0, 1] - 0.02 * forward
            top = np.array([0, person.seat, 0])
            surfaces.append(
                surroundings.box(middle - half, middle + half + top, surroundings.random_material(rng), turn)
            )
    return surfaces


def project_joints(person: Person, picture: RenderOutput, camera: Camera) -> FloatArray:
    """Project a person's joints into the picture: (16, 3) as in ``Sample``; nan outside it.

    A joint is visible when the main person's surface lies at most ``JOINT_DEPTH`` before it.
    """
    pixels, distance = camera.project(person.joints)
    joints = no_joints()
    height, width = picture.labels.shape
    for number, name in enumerate(LIP.joints):
        x, y = pixels[number]
        if distance[number] <= 0 or not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
            continue
        allowed = JOINT_DEPTH[name.removeprefix("left-").removeprefix("right-")] * max(person.stature, 1.0) / 1.7
        joints[number] = (x, y, 1.0 if is_visible(picture, x, y, distance[number] - allowed) else OCCLUDED)
    return joints


def is_visible(picture: RenderOutput, x: float, y: float, nearest: float) -> bool:
    """Whether the main person shows at the pixel, or beside it, and no nearer than ``nearest`` metres."""
    row, column = round(y), round(x)
    window = (slice(max(row - 2, 0), row + 3), slice(max(column - 2, 0), column + 3))
    main = (picture.people[window] == MAIN) & (picture.distance[window] >= nearest)
    return bool(main.any()) and int(main.sum()) * 2 >= int((picture.people[window] == MAIN).sum())


def box_of(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """The box (x0, y0, x1, y1; the last row and column excluded) of a mask, None if it is empty."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
