"""Person generator: a dressed body in a random pose, placed in the world."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from training.labels.lip import JOINT_ID
from training.synthetic.bodies import BodyBank, Rig
from training.synthetic.layers import GarmentFitter, Layer
from training.synthetic.mesh import Floats, normals
from training.synthetic.motion import Doubles
from training.synthetic.outfits import dress
from training.synthetic.poses import PoseLibrary
from training.synthetic.posing import Pose, joints_of, pose_body
from training.synthetic.renderer import Surface

POSE_TRIES = 8
PELVIS_ABOVE_SEAT = 0.062
"""Of the stature."""

BORDER = 0.012
"""Metres beyond its border within which noise may still let a garment's edge run."""

HEAD_LAYERS = ("skin", "hair", "hat")
HEAD_AXIS_RADIUS = 0.07
"""Metres around the axis of the head within which its highest point is looked for."""

SEGMENTS = {
    "trunk": ("pelvis", "thorax", 0.10),
    "head": ("upper-neck", "head-top", 0.08),
    "left forearm": ("left-elbow", "left-wrist", 0.04),
    "right forearm": ("right-elbow", "right-wrist", 0.04),
    "left thigh": ("left-hip", "left-knee", 0.07),
    "right thigh": ("right-hip", "right-knee", 0.07),
    "left shin": ("left-knee", "left-ankle", 0.05),
    "right shin": ("right-knee", "right-ankle", 0.05),
}
"""Capsules: two joints and a radius in metres at a height of 1.7 m."""

CROSSINGS = (
    ("trunk", "left forearm"), ("trunk", "right forearm"), ("head", "left forearm"), ("head", "right forearm"),
    ("left forearm", "right forearm"), ("left shin", "right shin"), ("left thigh", "right shin"),
    ("right thigh", "left shin"), ("trunk", "left shin"), ("trunk", "right shin"),
    ("left forearm", "left thigh"), ("right forearm", "right thigh"),
    ("left forearm", "right thigh"), ("right forearm", "left thigh"),
)  # fmt: skip
"""Which capsules must not enter each other."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the world.

    ``surfaces``: what is drawn. ``joints``: (16, 3). ``seat``: height of a seat under the pelvis, in metres; None:
    no seat. ``pose``: its name. ``stature``: in metres.
    """

    surfaces: list[Surface]
    joints: Doubles
    seat: float | None
    pose: str
    stature: float


class PersonGenerator:
    """Draws random people from a bank of bodies, garments and poses."""

    def __init__(self, bank: BodyBank, fitter: GarmentFitter, poses: PoseLibrary) -> None:
        self.bank, self.fitter, self.poses = bank, fitter, poses

    def draw(self, number: int, place: Doubles, rng: np.random.Generator) -> Person:
        """Person ``number`` (1–255) at ``place`` (x, z)."""
        rig = self.bank.rig
        body = self.bank.draw(rng)
        layers = [layer for layer in dress(self.fitter, body, rng) if (layer.cover > 0).any()]
        heading = Rotation.from_euler("y", rng.uniform(0, 2 * np.pi)).as_matrix()
        for _ in range(POSE_TRIES):
            sampled = self.poses.draw(rng)
            pose = pose_body(body, rig, sampled.skeleton, sampled.frame, sampled.hands)
            pose = pose.moved(heading @ sampled.turn, np.zeros(3))
            joints = joints_of(pose, rig, pose.skin(body.vertices, rig.weights))
            if not collides(joints, body.stature):
                break
        surfaces = [surface_of(layer, pose, number) for layer in layers]
        joints[JOINT_ID["head-top"]] = head_top(layers, surfaces, pose, rig)
        lift = -min(float(s.vertices[s.cover >= 0, 1].min(initial=9.0)) for s in surfaces if s.cover is not None)
        if sampled.airborne:
            lift += rng.uniform(0.05, 0.6)
        pelvis = joints[JOINT_ID["pelvis"]]
        shift = np.array([place[0] - pelvis[0], lift, place[1] - pelvis[2]])
        surfaces = [replace(s, vertices=np.asarray(s.vertices + shift, np.float32)) for s in surfaces]
        joints = joints + shift
        seat = float(pelvis[1] + lift - PELVIS_ABOVE_SEAT * body.stature) if sampled.seat else None
        return Person(surfaces, joints, seat, sampled.name, body.stature)


def surface_of(layer: Layer, pose: Pose, number: int) -> Surface:
    """The posed surface of a layer, without triangles that lie outside its border."""
    vertices = pose.skin(layer.rest, layer.weights)
    shown = (layer.cover[layer.triangles] > -BORDER).any(1)
    return Surface(
        vertices,
        normals(vertices, layer.triangles, layer.touch),
        layer.rest,
        layer.triangles[shown],
        layer.material,
        layer.labels,
        number,
        layer.uvs,
        layer.cover,
        layer.tint,
    )


def head_top(layers: list[Layer], surfaces: list[Surface], pose: Pose, rig: Rig) -> Floats:
    """The highest point of skull, hair and hat along the head's own axis."""
    head = rig.index("head")
    up = pose.turns[head] @ [0.0, 1.0, 0.0]
    skull_z = layers[0].places.points[layers[0].places.is_head > 0.5, 2]
    middle = np.array([0.0, 0.0, (skull_z.min() + skull_z.max()) / 2 - pose.heads[head, 2]])
    axis_point = pose.places[head] + pose.turns[head] @ middle
    highest = 0.0
    for layer, surface in zip(layers, surfaces, strict=True):
        if layer.name in HEAD_LAYERS:
            seen = surface.vertices[(layer.cover > 0) & (layer.places.is_head > 0.5)] - axis_point
            along = seen @ up
            near = np.linalg.norm(seen - along[:, None] * up, axis=1) < HEAD_AXIS_RADIUS
            highest = max(highest, float(along[near].max(initial=0.0)))
    return np.asarray(axis_point + up * highest, np.float32)


def collides(joints: Doubles, stature: float) -> bool:
    """Whether limbs intersect each other or the trunk."""
    ends = {n: (joints[JOINT_ID[a]], joints[JOINT_ID[b]], r * stature / 1.7) for n, (a, b, r) in SEGMENTS.items()}
    share = np.linspace(0, 1, 7)[:, None]
    lines = {name: a + share * (b - a) for name, (a, b, _) in ends.items()}
    for first, second in CROSSINGS:
        apart = np.linalg.norm(lines[first][:, None] - lines[second][None], axis=2).min()
        if apart < ends[first][2] + ends[second][2]:
            return True
    return False
