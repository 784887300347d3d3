"""A pose of the motion skeleton, given to a body: retargeting, forward kinematics, skinning.

Both skeletons say how far a bone is turned from rest in world axes. They rest differently (the motion's arms are
level, the body's hang), so each body bone first turns to where the motion's bone rests, then as the motion turns.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.transform import Rotation, Slerp

from training.labels.lip import JOINT_ID, LIP
from training.synthetic.bodies import Body, Rig
from training.synthetic.mesh import Floats
from training.synthetic.motion import Doubles, Frame, Skeleton

SIDES = {"L": "l", "R": "r"}
FINGERS = tuple(f"finger{k}" for k in range(1, 6))

JOINT_BONES = {
    "right-ankle": "foot.R", "right-knee": "lowerleg01.R", "right-hip": "upperleg01.R", "left-hip": "upperleg01.L",
    "left-knee": "lowerleg01.L", "left-ankle": "foot.L", "right-wrist": "wrist.R", "right-elbow": "lowerarm01.R",
    "right-shoulder": "upperarm01.R", "left-shoulder": "upperarm01.L", "left-elbow": "lowerarm01.L",
    "left-wrist": "wrist.L",
}  # fmt: skip
"""Joints that are where a bone begins."""

UPPER_NECK_SHARE = 0.55
"""The upper neck lies this far from the mouth towards the middle of the shoulders (as for Clothing Co-Parsing)."""

CROWN = 881
"""The base mesh's highest vertex."""

MOUTH_CUBE = slice(14590, 14598)
"""The base mesh's marker of the mouth."""


@dataclass(frozen=True, slots=True)
class Hands:
    """How far the fingers are bent (left, right; 0 stretched – 1 a fist) and spread (radians)."""

    curl: tuple[float, float] = (0.2, 0.2)
    spread: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Pose:
    """How each bone stands: ``turns`` (B, 3, 3) from rest in world axes, ``places`` (B, 3) of the bones' heads, and
    the rest ``heads`` (B, 3)."""

    turns: Doubles
    places: Doubles
    heads: Doubles

    def skin(self, vertices: Floats, weights: csr_array) -> Floats:
        """Vertices at rest (V, 3) → posed (V, 3); ``weights`` is a sparse (V, B) matrix (linear blend skinning)."""
        offsets = self.places - np.einsum("bij,bj->bi", self.turns, self.heads)
        table = np.concatenate([self.turns.reshape(-1, 9), offsets], 1).astype(np.float32)
        blended = weights @ table
        turned = np.einsum("vij,vj->vi", blended[:, :9].reshape(-1, 3, 3), vertices)
        return np.asarray(turned + blended[:, 9:], np.float32)

    def moved(self, turn: Doubles, offset: Doubles) -> "Pose":
        """The same pose turned about the origin, then shifted."""
        return Pose(turn @ self.turns, self.places @ turn.T + offset, self.heads)


def pose_body(body: Body, rig: Rig, skeleton: Skeleton, frame: Frame, hands: Hands) -> Pose:
    """Put a body into a frame of motion; the root bone stays at the origin."""
    turns = _turns(body, rig, skeleton, frame, hands)
    places = np.zeros_like(body.heads, np.float64)
    for bone, parent in enumerate(rig.parents):
        if parent >= 0:
            places[bone] = places[parent] + turns[parent] @ (body.heads[bone] - body.heads[parent])
    return Pose(turns, places, body.heads.astype(np.float64))


def joints_of(pose: Pose, rig: Rig, posed_vertices: Floats) -> Doubles:
    """The 16 joints in the world, (16, 3); the head top is that of the skull, without hair and hat."""
    joints = np.full((len(LIP.joints), 3), np.nan)
    for joint, bone in JOINT_BONES.items():
        joints[JOINT_ID[joint]] = pose.places[rig.index(bone)]
    for middle, ends in (("pelvis", ("left-hip", "right-hip")), ("thorax", ("left-shoulder", "right-shoulder"))):
        joints[JOINT_ID[middle]] = np.mean([joints[JOINT_ID[end]] for end in ends], axis=0)
    mouth, thorax = posed_vertices[MOUTH_CUBE].mean(0), joints[JOINT_ID["thorax"]]
    joints[JOINT_ID["head-top"]] = posed_vertices[CROWN]
    joints[JOINT_ID["upper-neck"]] = mouth + UPPER_NECK_SHARE * (thorax - mouth)
    return joints


def _turns(body: Body, rig: Rig, skeleton: Skeleton, frame: Frame, hands: Hands) -> Doubles:
    motion = skeleton.world_rotations(frame)
    named = _spine(motion)
    for side in SIDES:
        named |= _leg(body, rig, skeleton, motion, side) | _arm(body, rig, skeleton, motion, side)
    turns = np.zeros((len(rig.bones), 3, 3))
    curled = _fingers(body, rig, hands)
    for bone, name in enumerate(rig.bones):
        inherited = turns[rig.parents[bone]] if rig.parents[bone] >= 0 else named["root"]
        own = named.get(name, inherited)
        turns[bone] = own @ curled[name] if name in curled else own
    return turns


def _spine(motion: dict[str, Doubles]) -> dict[str, Doubles]:
    return {
        "root": motion["root"],
        "spine05": _between(motion["root"], motion["lowerback"], 0.5),
        "spine04": motion["lowerback"],
        "spine03": _between(motion["lowerback"], motion["upperback"], 0.6),
        "spine02": motion["upperback"],
        "spine01": motion["thorax"],
        "neck01": _between(motion["thorax"], motion["lowerneck"], 0.5),
        "neck02": motion["lowerneck"],
        "neck03": motion["upperneck"],
        "head": motion["head"],
    }


def _leg(body: Body, rig: Rig, skeleton: Skeleton, motion: dict[str, Doubles], side: str) -> dict[str, Doubles]:
    s = SIDES[side]
    hip, knee, ankle, toes = (
        body.heads[rig.index(f"{bone}.{side}")] for bone in ("upperleg01", "lowerleg01", "foot", "toe3-1")
    )
    hinge = skeleton.bones[f"{s}tibia"].axes[:, 0]
    down = skeleton.bones[f"{s}femur"].direction
    sideways = np.array([1.0, 0.0, 0.0])
    thigh = motion[f"{s}femur"] @ _frame(down, hinge) @ _frame(knee - hip, sideways).T
    shin = motion[f"{s}tibia"] @ _frame(down, hinge) @ _frame(ankle - knee, sideways).T
    forward = (toes - ankle) * [1, 0, 1]
    foot = motion[f"{s}foot"] @ _frame(down, np.array([0.0, 0.0, 1.0])) @ _frame(np.array([0.0, -1.0, 0.0]), forward).T
    pelvis = motion["root"]
    return {
        f"pelvis.{side}": pelvis,
        f"upperleg01.{side}": _half_twist(pelvis, thigh, knee - hip, 0.5),
        f"upperleg02.{side}": thigh,
        f"lowerleg01.{side}": shin,
        f"lowerleg02.{side}": shin,
        f"foot.{side}": foot,
    }


def _arm(body: Body, rig: Rig, skeleton: Skeleton, motion: dict[str, Doubles], side: str) -> dict[str, Doubles]:
    s = SIDES[side]
    shoulder, elbow, wrist, middle, index, little = (
        body.heads[rig.index(f"{bone}.{side}")]
        for bone in ("upperarm01", "lowerarm01", "wrist", "finger3-1", "finger2-1", "finger5-1")
    )
    upper, fore = elbow - shoulder, wrist - elbow
    out = skeleton.bones[f"{s}humerus"].direction
    motion_hinge = skeleton.bones[f"{s}radius"].axes[:, 0]
    hinge = np.cross(upper, fore)  # the arm hangs slightly bent, so this is the axis of the elbow
    clavicle = motion[f"{s}clavicle"]
    humerus = motion[f"{s}humerus"] @ _frame(out, motion_hinge) @ _frame(upper, hinge).T
    radius = motion[f"{s}radius"] @ _frame(out, motion_hinge) @ _frame(fore, hinge).T
    hand = motion[f"{s}hand"] @ _frame(out, np.array([0.0, 0.0, 1.0])) @ _frame(middle - wrist, index - little).T
    return {
        f"clavicle.{side}": clavicle,
        f"shoulder01.{side}": _between(clavicle, _half_twist(clavicle, humerus, upper, 0.0), 0.3),
        f"upperarm01.{side}": _half_twist(clavicle, humerus, upper, 0.4),
        f"upperarm02.{side}": humerus,
        f"lowerarm01.{side}": _half_twist(radius, hand, fore, 0.3, swing=False),
        f"lowerarm02.{side}": _half_twist(radius, hand, fore, 0.75, swing=False),
        f"wrist.{side}": hand,
    }


def _fingers(body: Body, rig: Rig, hands: Hands) -> dict[str, Doubles]:
    """Bend of each finger bone against the bone before it, in the rest's axes."""
    bent = {}
    for number, side in enumerate(SIDES):
        knuckles = body.heads[rig.index(f"finger2-1.{side}")] - body.heads[rig.index(f"finger5-1.{side}")]
        along = body.heads[rig.index(f"finger3-2.{side}")] - body.heads[rig.index(f"wrist.{side}")]
        bend_axis = _unit(knuckles) * (-1 if side == "L" else 1)
        spread_axis = _unit(np.cross(along, knuckles))
        curl, spread = hands.curl[number], hands.spread[number]
        for place, finger in enumerate(FINGERS):
            thumb = finger == "finger1"
            for phalanx, most in ((1, 1.2), (2, 1.6), (3, 1.1)):
                angle = curl * most * (0.35 if thumb else 1.0)
                turn = Rotation.from_rotvec(bend_axis * angle)
                if phalanx == 1:
                    turn = turn * Rotation.from_rotvec(spread_axis * spread * (place - 2))
                bent[f"{finger}-{phalanx}.{side}"] = turn.as_matrix()
    return bent


def _unit(vector: Doubles) -> Doubles:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)


def _frame(first: Doubles, second: Doubles) -> Doubles:
    """A rotation whose first column is ``first`` and whose second lies in the plane of both (Gram–Schmidt)."""
    x = _unit(np.asarray(first, np.float64))
    y = _unit(second - (second @ x) * x)
    return np.stack([x, y, np.cross(x, y)], 1)


def _between(a: Doubles, b: Doubles, share: float) -> Doubles:
    """The rotation ``share`` of the way from ``a`` to ``b``."""
    return np.asarray(Slerp([0, 1], Rotation.from_matrix([a, b]))(share).as_matrix(), np.float64)


def _half_twist(parent: Doubles, child: Doubles, bone: Doubles, share: float, swing: bool = True) -> Doubles:
    """The child's rotation with only ``share`` of its twist about its own ``bone`` (a direction at rest) against the
    parent: spread over two bones, a twist does not wring the skin. Without ``swing``, the parent with that twist."""
    relative = Rotation.from_matrix(parent.T @ child).as_quat()
    axis = _unit(np.asarray(bone, np.float64))
    along = np.array([*(axis * (relative[:3] @ axis)), relative[3]])
    norm = np.linalg.norm(along)
    twist = Rotation.from_quat(along / norm if norm > 1e-9 else [0, 0, 0, 1])
    part = Rotation.from_rotvec(twist.as_rotvec() * share)
    if not swing:
        return np.asarray(parent @ part.as_matrix(), np.float64)
    return np.asarray(parent @ (Rotation.from_quat(relative) * twist.inv() * part).as_matrix(), np.float64)
