"""A whole scene: people in a place, before a camera, in some light; and the labelled photo that comes of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.sample import OCCLUDED, FloatArray, UInt8Array, no_joints
from training.labels.lip import IGNORE, JOINT_ID, LIP
from training.synthetic import photograph, place
from training.synthetic.camera import Camera, draw_light
from training.synthetic.materials import Material, plain
from training.synthetic.mesh import Floats
from training.synthetic.painting import paint, studio
from training.synthetic.people import Cast, Person
from training.synthetic.place import PhotoBackdrops
from training.synthetic.renderer import NOBODY, Picture, Renderer, Surface

LONG_SIDE = 512
SHAPES = ((384, 512, 0.45), (512, 512, 0.22), (512, 384, 0.15), (320, 512, 0.18))
"""Width, height and share of pictures."""

PEOPLE_SHARES = (0.74, 0.17, 0.06, 0.03)
"""One to four people."""

MAIN = 1
"""The person whom the picture is of: whose joints are marked and whose pixels have labels. Others are unknown (255)."""

MIN_SHARE, MIN_VISIBLE = 0.02, 5
"""A picture must show this share of its pixels and this many visible joints of its main person."""

TRIES = 6

JOINT_DEPTH = {
    "ankle": 0.07, "knee": 0.10, "hip": 0.19, "pelvis": 0.22, "thorax": 0.19, "upper-neck": 0.14, "head-top": 0.16,
    "wrist": 0.06, "elbow": 0.08, "shoulder": 0.13,
}  # fmt: skip
"""Metres of flesh and cloth that may lie before a joint that still counts as visible, at a height of 1.7 m."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody in a picture: the box (x0, y0, x1, y1; the last column and row excluded) and what the pose is called."""

    box: tuple[int, int, int, int]
    pose: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A labelled photo: its JPEG, its label map (H, W), its joints (16, 3) as in ``Sample``, and every person that
    shows, the main one first."""

    jpeg: bytes
    labels: UInt8Array
    joints: FloatArray
    people: list[Shown]


class NothingToSeeError(Exception):
    """No try gave a picture with enough of the main person in it."""


class Studio:
    """Makes shots. One a process, for it owns a renderer."""

    def __init__(self, cast: Cast, photos: PhotoBackdrops | None) -> None:
        self.cast, self.photos, self.renderer = cast, photos, Renderer()

    def shoot(self, seed: int, index: int) -> Shot:
        """The shot of that seed and index: always the same. Raises NothingToSeeError."""
        for attempt in range(TRIES):
            shot = self._try(np.random.default_rng((seed, index, attempt)))
            if shot is not None:
                return shot
        raise NothingToSeeError(f"seed {seed}, index {index}: {TRIES} tries showed too little of anybody")

    def _try(self, rng: np.random.Generator) -> Shot | None:
        width, height, _ = SHAPES[rng.choice(len(SHAPES), p=[share for _, _, share in SHAPES])]
        people = self._people(rng)
        camera, light = draw_camera(people[0], width, height, rng), draw_light(rng)
        around, behind = self._place(camera, people, rng)
        picture = self.renderer.render(around + [s for p in people for s in p.surfaces], camera, light)
        joints = project_joints(people[0], picture, camera)
        boxes = [(box_of(picture.people == MAIN + number), person) for number, person in enumerate(people)]
        shown = [Shown(box, person.pose) for box, person in boxes if box is not None]
        if (picture.people == MAIN).mean() < MIN_SHARE or np.nansum(joints[:, 2]) < MIN_VISIBLE:
            return None
        photo = photograph.develop(photograph.composed(picture, camera, behind), picture.people, rng)
        labels = np.where(np.isin(picture.people, (NOBODY, MAIN)), picture.labels, IGNORE).astype(np.uint8)
        return Shot(photograph.encode(photo, rng), labels, joints, shown)

    def _people(self, rng: np.random.Generator) -> list[Person]:
        count = int(rng.choice(len(PEOPLE_SHARES), p=PEOPLE_SHARES)) + 1
        places = [np.zeros(2)]
        while len(places) < count:
            turn, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 2.5)
            places.append(distance * np.array([np.cos(turn), np.sin(turn)]))
        return [self.cast.draw(MAIN + number, place, rng) for number, place in enumerate(places)]

    def _place(self, camera: Camera, people: list[Person], rng: np.random.Generator) -> tuple[list[Surface], Floats]:
        """What stands around, and the picture behind it all."""
        height, width = camera.height, camera.width
        surfaces = occluders(camera, people[0], rng) + seats(people, rng)
        if rng.random() < 0.3:
            return surfaces + place.room(rng), studio(height, width, rng)
        if rng.random() < 0.8:
            surfaces.append(place.ground(plain(Material.SHADOW_ONLY, (0, 0, 0))))
        if self.photos is not None and rng.random() < 0.75:
            return surfaces, self.photos.draw(height, width, rng)
        return surfaces, paint(camera, rng)


def draw_camera(person: Person, width: int, height: int, rng: np.random.Generator) -> Camera:
    """From eye height mostly, sometimes low or high; near with a wide lens or far with a long one; the person fills
    most of the picture, and one picture in four shows only a part."""
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
    """Now and then a box, a pole or a rail between the camera and the person."""
    if rng.random() > 0.25:
        return []
    joint = person.joints[rng.integers(len(LIP.joints))]
    at = camera.eye + (joint - camera.eye) * rng.uniform(0.45, 0.85) + rng.normal(0, 0.12, 3)
    material = place.surroundings_material(rng)
    kind = rng.integers(3)
    if kind == 0:
        half = rng.uniform(0.05, 0.22, 3)
        low = at - half
        low[1] = min(low[1], 0.0) if rng.random() < 0.6 else low[1]
        return [place.box(low, at + half, material, float(rng.uniform(0, np.pi)))]
    radius = float(rng.uniform(0.015, 0.06))
    if kind == 1:
        return [place.cylinder(at * [1, 0, 1], at * [1, 0, 1] + [0, 3.0, 0], radius, material)]
    along = camera.axes()[0] * 3
    return [place.cylinder(at - along, at + along, radius, material)]


def seats(people: list[Person], rng: np.random.Generator) -> list[Surface]:
    """A box under whoever sits."""
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
            surfaces.append(place.box(middle - half, middle + half + top, place.surroundings_material(rng), turn))
    return surfaces


def project_joints(person: Person, picture: Picture, camera: Camera) -> FloatArray:
    """Joints in the picture, (16, 3) as in ``Sample``; nan outside it. A joint is visible when the main person's
    surface lies before it by no more than flesh and cloth."""
    pixels, distance = camera.project(person.joints)
    joints = no_joints()
    height, width = picture.labels.shape
    for number, name in enumerate(LIP.joints):
        x, y = pixels[number]
        if distance[number] <= 0 or not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
            continue
        allowed = JOINT_DEPTH[name.removeprefix("left-").removeprefix("right-")] * max(person.stature, 1.0) / 1.7
        joints[number] = (x, y, 1.0 if seen(picture, x, y, distance[number] - allowed) else OCCLUDED)
    return joints


def seen(picture: Picture, x: float, y: float, nearest: float) -> bool:
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
