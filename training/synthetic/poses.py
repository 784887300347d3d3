"""Which pose somebody takes: recorded frames, named key poses, and angles drawn within the joints' limits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from training.synthetic.key_poses import HANGING, KEY_POSES, KeyPose
from training.synthetic.motion import Doubles, Frame, Skeleton, read_motion, read_skeleton
from training.synthetic.posing import Hands

SUBJECT_SHARES = {"01": 0.35, "02": 0.45, "03": 0.2}
"""How often a recording of each subject is drawn (01 climbs and swings, 02 walks, runs, jumps, 03 walks unevenly)."""

SOURCES = {"recorded": 0.46, "halves": 0.12, "key": 0.3, "random": 0.12}
RECORDED_JITTER, KEY_JITTER = 6.0, 13.0
"""Standard deviation in degrees."""

ANY_TURN_SHARE = 0.12
"""How many poses are turned any way up."""

LEGS = ("femur", "tibia", "foot", "toes", "hipjoint")


@dataclass(frozen=True, slots=True)
class SampledPose:
    """A sampled pose: the skeleton it is written for, its frame (the root without its turn about the vertical),
    ``turn`` (3, 3) of the whole body, and how it meets the ground."""

    skeleton: Skeleton
    frame: Frame
    turn: Doubles
    hands: Hands
    airborne: bool
    seat: bool
    name: str


class PoseLibrary:
    """The recordings of a folder (``NN.asf``, ``NN_MM.amc``). Raises FileNotFoundError when it holds none."""

    def __init__(self, root: Path) -> None:
        self.skeletons = {subject: read_skeleton(root / f"{subject}.asf") for subject in SUBJECT_SHARES}
        self.takes = {s: [read_motion(path) for path in sorted(root.glob(f"{s}_*.amc"))] for s in SUBJECT_SHARES}
        if not all(self.takes.values()):
            raise FileNotFoundError(f"{root} holds no motion of subjects {', '.join(SUBJECT_SHARES)}")

    def draw(self, rng: np.random.Generator) -> SampledPose:
        """A random pose; see ``SOURCES``."""
        source = str(rng.choice(list(SOURCES), p=list(SOURCES.values())))
        key: KeyPose | None = None
        subject = str(rng.choice(list(SUBJECT_SHARES), p=list(SUBJECT_SHARES.values())))
        if source in ("key", "random"):
            subject = "02"
        skeleton = self.skeletons[subject]
        if source == "key":
            shares = np.array([pose.share for pose in KEY_POSES])
            key = KEY_POSES[rng.choice(len(KEY_POSES), p=shares / shares.sum())]
            frame = jittered(key_frame(key), skeleton, KEY_JITTER, rng)
        elif source == "random":
            frame = random_frame(skeleton, rng)
        else:
            frame = self._recorded(subject, rng)
            if source == "halves":
                other = self._recorded(subject, rng)
                frame = {name: (frame if name.endswith(LEGS) or name == "root" else other)[name] for name in frame}
            frame = jittered(frame, skeleton, RECORDED_JITTER, rng)
        if rng.random() < 0.5:
            frame = mirrored(frame)
        return SampledPose(
            skeleton,
            frame,
            self._turn(key, rng),
            Hands((rng.beta(1.2, 1.8), rng.beta(1.2, 1.8)), (rng.normal(0, 0.12), rng.normal(0, 0.12))),
            airborne=bool(key.airborne if key else rng.random() < 0.08),
            seat=bool(key and key.seat),
            name=key.name if key else source,
        )

    def _recorded(self, subject: str, rng: np.random.Generator) -> Frame:
        takes = self.takes[subject]
        take = takes[rng.integers(len(takes))]
        frame = take[rng.integers(len(take))]
        return {**frame, "root": upright_part(frame["root"])}

    def _turn(self, key: KeyPose | None, rng: np.random.Generator) -> Doubles:
        if not (key and key.seat) and rng.random() < ANY_TURN_SHARE:
            return np.asarray(Rotation.random(rng=rng).as_matrix(), np.float64)
        pitch, roll = (key.pitch, key.roll) if key else (0.0, 0.0)
        if key and (pitch or roll):
            pitch, roll = pitch + rng.normal(0, 9), (roll + rng.normal(0, 9)) * rng.choice([-1, 1])
        lean = Rotation.from_euler("xz", [pitch, roll], degrees=True)
        return np.asarray(lean.as_matrix(), np.float64)


def upright_part(root: tuple[float, ...]) -> tuple[float, float, float]:
    """The root's angles without its turn about the vertical: where somebody faced is drawn anew."""
    turned = Rotation.from_euler("xyz", root, degrees=True)
    forward = turned.apply([0.0, 0.0, 1.0])
    heading = np.degrees(np.arctan2(forward[0], forward[2]))
    rest = Rotation.from_euler("y", -heading, degrees=True) * turned
    x, y, z = (float(angle) for angle in rest.as_euler("xyz", degrees=True))
    return x, y, z


def key_frame(key: KeyPose) -> Frame:
    """All angles of a key pose: arms and legs hang where it says nothing."""
    sides = HANGING | key.both
    frame: Frame = {"root": (0.0, 0.0, 0.0)}
    frame |= dict.fromkeys(("lowerback", "upperback", "thorax", "lowerneck", "upperneck", "head"), (0.0, 0.0, 0.0))
    frame |= {
        "lfoot": (0.0, 0.0),
        "rfoot": (0.0, 0.0),
        "lwrist": (0.0,),
        "rwrist": (0.0,),
        "lhand": (-15.0, 0.0),
        "rhand": (-15.0, 0.0),
    }
    frame |= {f"l{bone}": angles for bone, angles in sides.items()}
    frame |= {f"r{bone}": _other_side(angles) for bone, angles in sides.items()}
    return frame | key.single


def jittered(frame: Frame, skeleton: Skeleton, spread: float, rng: np.random.Generator) -> Frame:
    """Every angle moved at random, within its limits, or within the frame's own where that goes beyond them."""
    moved: Frame = {}
    for name, angles in frame.items():
        if name not in skeleton.bones:
            moved[name] = tuple(float(a + rng.normal(0, spread / 2)) for a in angles)
            continue
        limits = skeleton.bones[name].limits[: len(angles)]
        scale = spread * (0.4 if name.startswith(("lower", "upper", "thorax", "head")) else 1.0)
        moved[name] = tuple(
            float(np.clip(angle + rng.normal(0, scale), min(low, angle), max(high, angle)))
            for angle, (low, high) in zip(angles, limits, strict=False)
        )
    return moved


RANDOM_RANGES: Frame = {
    "humerus": (55, 45, 75),
    "radius": (60,),
    "hand": (40, 20),
    "femur": (60, 25, 30),
    "tibia": (55,),
}
RANDOM_MIDDLES: Frame = {"humerus": (25, 0, 15), "radius": (55,), "hand": (0, 0), "femur": (-45, 0, -5), "tibia": (50,)}
"""Half ranges and middles in degrees of the left side's angles, for poses drawn joint by joint."""


def random_frame(skeleton: Skeleton, rng: np.random.Generator) -> Frame:
    """Each limb drawn by itself, the back bent a little: no recording and no habit."""
    frame = key_frame(KEY_POSES[0])
    for bone, ranges in RANDOM_RANGES.items():
        for side in "lr":
            angles = tuple(m + r * float(rng.uniform(-1, 1)) for m, r in zip(RANDOM_MIDDLES[bone], ranges, strict=True))
            frame[f"{side}{bone}"] = angles if side == "l" else _other_side(angles)
    for bone in ("lowerback", "upperback", "thorax", "lowerneck", "upperneck"):
        frame[bone] = (float(rng.normal(4, 9)), float(rng.normal(0, 9)), float(rng.normal(0, 7)))
    return skeleton.clipped(frame)


def mirrored(frame: Frame) -> Frame:
    """The frame seen in a mirror: sides change places."""
    swap = {"l": "r", "r": "l"}
    sided = [name for name in frame if name[0] in swap and f"{swap[name[0]]}{name[1:]}" in frame]
    result = {name: _other_side(angles) if len(angles) == 3 else angles for name, angles in frame.items()}
    for name in sided:
        result[f"{swap[name[0]]}{name[1:]}"] = _other_side(frame[name])
    return result


def _other_side(angles: tuple[float, ...]) -> tuple[float, ...]:
    """The angles of the other side's bone: turns about y and z change sign. One angle is a hinge about x, which does
    not; two are x and z."""
    return tuple(-angle if axis else angle for axis, angle in enumerate(angles))
