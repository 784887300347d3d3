"""Where on the body a point lies, and from that the borders of garments that are regions of its surface.

A garment is a function that is positive inside and counts metres to its border, so that sleeves, hems and necklines
can be put anywhere without touching the mesh.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.labels.lip import LABEL_ID
from training.synthetic.bodies import BODY_VERTICES, Body, Rig
from training.synthetic.mesh import Floats, Ints

FAR = 9.0
"""Metres: a border that is nowhere near."""

ARM_BONES = ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist", "finger", "metacarpal")
LEG_BONES = ("upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot", "toe")
SLEEVELESS = 0.1
"""A sleeve that ends before this is none."""

HEAD_BONES = ("neck02", "neck03", "head", "jaw", "eye", "special", "oris", "tongue", "levator", "orbicularis",
              "temporalis", "oculi", "risorius")  # fmt: skip


@dataclass(frozen=True, slots=True)
class BodyCoordinates:
    """Body coordinates of V points at rest.

    ``arm`` (V,): 0 at the shoulder, 1 elbow, 2 wrist, 3 fingertips; ``leg`` (V,):
    0 hip, 1 knee, 2 ankle, 3 sole; ``is_arm``, ``is_leg``, ``is_head`` (V,) shares of the skin that those bones move;
    ``left`` (V,) is true on the person's left. ``upper`` and ``lower`` are metres of the two halves of each limb.
    """

    points: Floats
    arm: Floats
    leg: Floats
    is_arm: Floats
    is_leg: Floats
    is_head: Floats
    left: Floats
    arm_length: float
    leg_length: float
    marks: dict[str, Floats] = field(repr=False)

    def only(self, chosen: Ints | npt.NDArray[np.bool_]) -> "BodyCoordinates":
        """The same for some of the points (indices or a mask)."""
        return BodyCoordinates(
            self.points[chosen], self.arm[chosen], self.leg[chosen], self.is_arm[chosen], self.is_leg[chosen],
            self.is_head[chosen], self.left[chosen], self.arm_length, self.leg_length, self.marks,
        )  # fmt: skip


class Regions:
    """Shares of arms, legs and head of every base vertex, which are the same for all bodies."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.share = {
            name: np.asarray(rig.weights @ np.array([bone.startswith(bones) for bone in rig.bones], np.float32))
            for name, bones in (("arm", ARM_BONES), ("leg", LEG_BONES), ("head", HEAD_BONES))
        }

    def coordinates(self, body: Body) -> BodyCoordinates:
        """Where each vertex of the base mesh lies on this body."""
        points = body.vertices

        def head(bone: str) -> Floats:
            return np.asarray(body.heads[self.rig.index(bone)], np.float32)

        left = points[:, 0] > 0
        mirrored = points * np.where(left, 1, -1)[:, None] ** np.array([1, 0, 0])
        shoulder, elbow, wrist, knuckle = (head(f"{b}.L") for b in ("upperarm01", "lowerarm01", "wrist", "finger3-1"))
        tip = knuckle + 1.1 * (knuckle - wrist)
        hip, knee, ankle = (head(f"{bone}.L") for bone in ("upperleg01", "lowerleg01", "foot"))
        sole = ankle * [1, 0, 1] + np.array([0, points[:BODY_VERTICES, 1].min(), 0])
        heights = [sole[1], ankle[1], knee[1], hip[1]]
        return BodyCoordinates(
            points,
            along_chain(mirrored, np.stack([shoulder, elbow, wrist, tip])),
            (3 - np.interp(points[:, 1], heights, [0, 1, 2, 3]) - np.maximum(points[:, 1] - hip[1], 0)).astype(
                np.float32
            ),
            self.share["arm"],
            self.share["leg"],
            self.share["head"],
            left.astype(np.float32),
            float(np.linalg.norm(elbow - shoulder)),
            float(np.linalg.norm(knee - hip)),
            {
                "shoulder": shoulder,
                "hip": hip,
                "neck": head("neck01"),
                "jaw": head("jaw"),
                "eye": head("eye.L"),
                "head": head("head"),
                "waist": head("spine04"),
                "chest": head("spine02"),
            },
        )


def along_chain(points: Floats, chain: Floats) -> Floats:
    """How far along a polyline (K, 3) each point (V, 3) lies, in joints: 0.5 is half the first bone; < 0 before it."""
    best = np.full(len(points), np.inf)
    result = np.zeros(len(points), np.float32)
    for k in range(len(chain) - 1):
        bone = chain[k + 1] - chain[k]
        t = (points - chain[k]) @ bone / (bone @ bone)
        clipped = np.clip(t, -np.inf if k == 0 else 0, np.inf if k == len(chain) - 2 else 1)
        far = np.linalg.norm(points - chain[k] - clipped[:, None] * bone, axis=1)
        nearer = far < best
        best[nearer], result[nearer] = far[nearer], (k + clipped[nearer]).astype(np.float32)
    return result


def skin_labels(places: BodyCoordinates) -> Floats:
    """LIP's label of bare skin at each point: face and neck, arms, legs; the bare trunk goes to the nearest of them,
    as it does in the photos' labels."""
    chest, waist = places.marks["chest"][1], places.marks["waist"][1]
    y = places.points[:, 1]
    arm = np.where(places.left > 0, LABEL_ID["left-arm"], LABEL_ID["right-arm"])
    leg = np.where(places.left > 0, LABEL_ID["left-leg"], LABEL_ID["right-leg"])
    trunk = np.where(y > 0.5 * (chest + waist), arm, leg)
    near_neck = (y > places.marks["neck"][1] - 0.09) & (
        np.abs(places.points[:, 0]) < 0.45 * places.marks["shoulder"][0]
    )
    trunk = np.where(near_neck, LABEL_ID["face"], trunk)
    result = np.where(places.is_arm > 0.5, arm, np.where(places.is_leg > 0.5, leg, trunk))
    return np.where(places.is_head > 0.5, LABEL_ID["face"], result).astype(np.float32)


def _limbs_apart(on_arm: Floats, elsewhere: Floats, places: BodyCoordinates) -> Floats:
    return np.where(places.is_arm > 0.5, on_arm, elsewhere).astype(np.float32)


def sleeve(places: BodyCoordinates, end: float) -> Floats:
    """Up to ``end`` along the arm (0 shoulder, 1 elbow, 2 wrist)."""
    return np.asarray((end - places.arm) * places.arm_length, np.float32)


def outside_armhole(places: BodyCoordinates) -> Floats:
    """Off a circle around the shoulder, where a sleeveless top lets the arm out."""
    shoulder = places.marks["shoulder"]
    sideways = np.abs(places.points[:, 0]) - shoulder[0] - 0.02
    away = np.hypot(np.maximum(sideways, -1), places.points[:, 1] - shoulder[1] + 0.03)
    return np.asarray(np.where(sideways > 0, -1.0, away - 0.075), np.float32)


def skirt(places: BodyCoordinates, end: float) -> Floats:
    """From the waist down to ``end`` along the leg, around both legs."""
    below_waist = places.marks["waist"][1] - places.points[:, 1]
    down_to = (end - places.leg) * places.leg_length
    return _limbs_apart(np.full(len(places.arm), -FAR, np.float32), np.minimum(below_waist + 0.1, down_to), places)


def below_chest(places: BodyCoordinates) -> Floats:
    """0 at the chest, 1 from 30 cm below; 0 on the arms."""
    down = np.clip((places.marks["chest"][1] - places.points[:, 1]) / 0.3, 0, 1)
    return np.where(places.is_arm < 0.5, down, 0.0).astype(np.float32)


def neckline(places: BodyCoordinates, width: float, depth: float) -> Floats:
    """Outside an opening around the neck: ``width`` to each side, ``depth`` below the neck's front; metres."""
    neck = places.marks["neck"]
    x, y, z = places.points.T
    down = np.where(z > neck[2], depth, 0.35 * depth + 0.02)
    below = np.where(y < neck[1], (neck[1] - y) / np.maximum(down, 1e-3), 0.0)
    radius = np.hypot(x / width, below)
    opening = (radius - 1) * min(width, depth)
    return np.where((places.is_head > 0.5) | (y > neck[1] + 0.1), -FAR, opening).astype(np.float32)


def top(places: BodyCoordinates, sleeve_end: float, hem: float, neck: tuple[float, float]) -> Floats:
    """Shirts and coats: from the neckline to ``hem`` (metres above the hips), sleeves to ``sleeve_end``."""
    above_hem = places.points[:, 1] - (places.marks["hip"][1] + hem)
    trunk = np.minimum(above_hem, neckline(places, *neck))
    if sleeve_end < SLEEVELESS:
        trunk = np.minimum(trunk, outside_armhole(places))
    return _limbs_apart(sleeve(places, sleeve_end), trunk, places)


def legwear(places: BodyCoordinates, end: float, waist: float) -> Floats:
    """Trousers and leggings: from ``waist`` (metres above the hips) down to ``end`` along the leg (1 knee, 2 ankle)."""
    below_waist = places.marks["hip"][1] + waist - places.points[:, 1]
    down_to = (end - places.leg) * places.leg_length
    return _limbs_apart(np.full_like(below_waist, -FAR), np.minimum(below_waist, down_to), places)


def jumpsuit(places: BodyCoordinates, sleeve_end: float, leg_end: float, neck: tuple[float, float]) -> Floats:
    """One piece from neckline to ``leg_end``."""
    upper = top(places, sleeve_end, -FAR, neck)
    return np.where(places.is_arm > 0.5, upper, np.minimum(upper, legwear(places, leg_end, FAR))).astype(np.float32)


def stockings(places: BodyCoordinates, start: float) -> Floats:
    """From ``start`` along the leg (1 knee, 2 ankle) down to the toes."""
    return _limbs_apart(np.full(len(places.leg), -FAR, np.float32), (places.leg - start) * places.leg_length, places)


def gloves(places: BodyCoordinates, start: float) -> Floats:
    """From ``start`` along the arm (2 wrist) to the fingertips."""
    return _limbs_apart((places.arm - start) * places.arm_length, np.full(len(places.arm), -FAR, np.float32), places)


def open_front(places: BodyCoordinates, width: float) -> Floats:
    """Outside a gap down the middle of the front that is ``width`` wide at the chest and wider below."""
    x, y, z = places.points.T
    gap = width * (1 + 1.2 * np.clip(places.marks["chest"][1] + 0.15 - y, 0, 1))
    return np.where((z > places.marks["chest"][2]) & (places.is_arm < 0.5), np.abs(x) - gap, FAR).astype(np.float32)


def scalp(places: BodyCoordinates, front: float) -> Floats:
    """Where hair grows: above a line that runs from ``front`` (metres above the eyes) at the brow to the nape."""
    eye = places.marks["eye"]
    x, y, z = places.points.T
    backward = np.clip((eye[2] - 0.03 - z) / 0.09, 0, 1)
    line = eye[1] + front * (1 - backward) - 0.05 * backward
    return np.where(places.is_head > 0.5, y - line - 0.02 * np.clip((np.abs(x) - 0.062) / 0.01, 0, 1), -FAR).astype(
        np.float32
    )


def cap(places: BodyCoordinates, height: float, tilt: float) -> Floats:
    """Above a plane ``height`` metres over the eyes that falls by ``tilt`` towards the back."""
    eye = places.marks["eye"]
    line = eye[1] + height + tilt * (places.points[:, 2] - eye[2])
    return np.where(places.is_head > 0.3, places.points[:, 1] - line, -FAR).astype(np.float32)


def neck_band(places: BodyCoordinates, rise: float, fall: float) -> Floats:
    """A scarf's ring: from ``fall`` metres below the neck's root to ``rise`` above."""
    y = places.points[:, 1] - places.marks["neck"][1]
    wide = np.hypot(places.points[:, 0], places.points[:, 2] - places.marks["neck"][2])
    return _limbs_apart(np.full_like(y, -FAR), np.minimum(np.minimum(y + fall, rise - y), 0.125 - wide), places)


def front_strip(places: BodyCoordinates, center: float, width: float, end: float) -> Floats:
    """A scarf's tail: a strip down the front, ``end`` metres below the neck."""
    x, y, z = places.points.T
    below = places.marks["neck"][1] - y
    strip = np.minimum(np.minimum(width / 2 - np.abs(x - center), end - below), below + 0.03)
    return np.where((z > places.marks["chest"][2] + 0.03) & (places.is_arm < 0.5), strip, -FAR).astype(np.float32)
