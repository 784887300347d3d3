"""Motion capture in the ASF/AMC text format, and the joint space that poses live in.

The skeleton file gives every bone's direction, its own axes and the limits of its angles; a motion file gives the
angles (degrees) frame by frame. A ``Frame`` maps a bone to its angles, in the order of the bone's ``dof``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from training.errors.input_error import InputError

Doubles = npt.NDArray[np.float64]
Frame = dict[str, tuple[float, ...]]
AXES = {"rx": 0, "ry": 1, "rz": 2}
ROOT_ANGLES = slice(3, 6)
"""The root's line holds its place first, then its three angles."""


@dataclass(frozen=True, slots=True)
class MotionBone:
    """``axes`` (3, 3) turns the bone's own axes into the world's; ``direction`` (3,) is where it points at rest;
    ``limits`` (dof, 2) in degrees."""

    name: str
    parent: str
    direction: Doubles
    axes: Doubles
    dof: tuple[str, ...]
    limits: Doubles


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Bones by name, parents before children; the root is called ``root`` and has no entry."""

    bones: dict[str, MotionBone]

    def world_rotations(self, frame: Frame) -> dict[str, Doubles]:
        """How far each bone, the root included, is turned from rest: world rotations (3, 3)."""
        turned = {"root": Rotation.from_euler("xyz", frame.get("root", (0, 0, 0)), degrees=True).as_matrix()}
        for name, bone in self.bones.items():
            angles = np.zeros(3)
            for axis, angle in zip(bone.dof, frame.get(name, ()), strict=False):
                angles[AXES[axis]] = angle
            own = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
            turned[name] = turned[bone.parent] @ bone.axes @ own @ bone.axes.T
        return turned

    def clipped(self, frame: Frame) -> Frame:
        """The frame with every angle inside its bone's limits; the root is free."""
        return {
            name: angles
            if name not in self.bones
            else tuple(float(a) for a in np.clip(angles, *self.bones[name].limits[: len(angles)].T))
            for name, angles in frame.items()
        }


def read_skeleton(path: Path) -> Skeleton:
    """Read an ``.asf`` file. Raises InputError when it has no bones."""
    text = path.read_text(errors="replace")
    described = {}
    for block in text.partition(":bonedata")[2].partition(":hierarchy")[0].split("begin")[1:]:
        fields, limits = _bone_fields(block)
        described[fields["name"][0]] = (fields, limits)
    bones: dict[str, MotionBone] = {}
    for line in text.partition(":hierarchy")[2].splitlines():
        parent, *children = line.split() or [""]
        for child in children if parent not in ("", "begin", "end") else []:
            fields, limits = described[child]
            axis = [float(angle) for angle in fields["axis"][:3]]
            bones[child] = MotionBone(
                child,
                parent,
                np.array([float(value) for value in fields["direction"]]),
                Rotation.from_euler("xyz", axis, degrees=True).as_matrix(),
                tuple(fields.get("dof", ())),
                np.array(limits).reshape(-1, 2),
            )
    if not bones:
        raise InputError(f"{path}: no bones; is it an ASF skeleton?")
    return Skeleton(bones)


def _bone_fields(block: str) -> tuple[dict[str, list[str]], list[tuple[float, float]]]:
    """The keyword lines of one bone, and its limits."""
    fields: dict[str, list[str]] = {}
    limits = []
    for line in block.splitlines():
        words = line.replace("(", " ").replace(")", " ").split()
        if "(" in line:
            low, high = (float(word) for word in words[-2:])
            limits.append((low, high))
        elif words:
            fields[words[0]] = words[1:]
    return fields, limits


def read_motion(path: Path) -> list[Frame]:
    """Read an ``.amc`` file. The root keeps its angles only: where the person walked does not matter here."""
    frames: list[Frame] = []
    for line in path.read_text(errors="replace").splitlines():
        name, *values = line.split() or [""]
        if name.isdigit() and not values:
            frames.append({})
        elif frames and values:
            angles = tuple(float(value) for value in values)
            frames[-1][name] = angles[ROOT_ANGLES] if name == "root" else angles
    return frames
