"""Open Images photos of people, labelled by several teachers, as a data set to prepare.

The folder is what ``training.crop_people`` wrote, with ``poses.json`` of ``training.mediapipe_pose`` beside it.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np

from training.data.adapters.ccp import FEET, LIMBS, to_lip_joints
from training.data.openimages_source import INFO, Boxes
from training.data.person_crops import PersonCrop
from training.data.sample import BrokenSampleError, FloatArray, Sample, UInt8Array, no_joints, read_image
from training.data.unlabelled import Points
from training.errors.input_error import InputError
from training.labels.label_set import IGNORE
from training.labels.lip import JOINT_ID, LABEL_ID, LIP
from training.self_training.rules import drop_swapped_sides
from training.self_training.teachers.agreement import GROUPS, Evidence, Mask, agreed_labels, body_part_map
from training.self_training.teachers.bodypix import BodyPix
from training.self_training.teachers.exported_model import ExportedModel
from training.self_training.teachers.skin_clothes_hair import SkinClothesHair

BOX_MARGIN: Final = 0.08
"""How far a person may reach beyond the box that was drawn around them, in sizes of the box."""
OWN_JOINTS: Final = 0.8
"""Share of a pose's joints that must lie in the crop's own box for the pose to be that person's."""
NEAR: Final = 0.02
"""How far from a joint its part of the body must be, in the picture's longer side."""
MIN_SEEN: Final = 0.15
"""Share of a person's box that must show somebody: with less, the teachers did not see who was there."""

JOINT_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    f"{side}-{joint}": tuple(f"{side}-{group}" if group != "torso" else group for group in groups)
    for side in ("left", "right")
    for joint, groups in {
        "ankle": ("leg", "foot"), "knee": ("leg",), "hip": ("leg", "torso"),
        "wrist": ("arm",), "elbow": ("arm",), "shoulder": ("arm", "torso"),
    }.items()
}  # fmt: skip
"""Joint with a side → the parts of the body that it may lie on."""


@dataclass(frozen=True, slots=True)
class Teachers:
    """The files of the networks that label."""

    bodypix: Path
    skin_clothes_hair: Path
    model: Path

    @classmethod
    def in_folder(cls, folder: Path, model: Path) -> Self:
        """The teachers of a folder, by their files' names, and a model file of this project's."""
        return cls(folder / "bodypix-mobilenet-x050-stride8.onnx", folder / "skin-clothes-hair-pan.onnx", model)

    def paths(self) -> tuple[Path, ...]:
        return self.bodypix, self.skin_clothes_hair, self.model


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo or a crop: which part of which photo it shows, and everybody's boxes (left, top, width, height) in it.

    ``own``: the place of the box that a crop was made around; of a photo, its largest.
    """

    photo: str
    split: str
    is_crop: bool
    crop: PersonCrop
    boxes: list[list[float]]
    own: int


@dataclass(frozen=True, slots=True)
class CropIndex:
    """What ``crops.json`` holds: pictures by name."""

    teachers: Teachers
    pictures: dict[str, Picture]


def write_index(root: Path, index: CropIndex) -> None:
    """Stores the index in a folder of crops."""
    teachers = {name: str(Path(path).resolve()) for name, path in asdict(index.teachers).items()}
    content = {"teachers": teachers, "pictures": {name: asdict(picture) for name, picture in index.pictures.items()}}
    (root / "crops.json").write_text(json.dumps(content) + "\n")


def read_index(root: Path) -> CropIndex:
    """The index of a folder of crops. Raises FileNotFoundError with what to do."""
    path = root / "crops.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: make it with `python -m training.crop_people`")
    content = json.loads(path.read_text())
    teachers = Teachers(**{name: Path(file) for name, file in content["teachers"].items()})
    pictures = {
        name: Picture(**(record | {"crop": PersonCrop(**record["crop"])}))
        for name, record in content["pictures"].items()
    }
    return CropIndex(teachers, pictures)


class OpenImages:
    """Crops of people and whole photos with LIP's labels, coarse labels among them, and joints."""

    info = INFO
    label_set = LIP

    def __init__(self, root: Path) -> None:
        self.root = root
        self._index = read_index(root)

    def splits(self) -> dict[str, list[str]]:
        """Names of the crops and photos by split."""
        splits: dict[str, list[str]] = {"train": [], "val": []}
        for name, picture in self._index.pictures.items():
            splits[picture.split].append(name)
        return splits

    def photo(self, name: str) -> Path:
        """Path of a crop or photo."""
        return self.root / ("crops" if self._index.pictures[name].is_crop else "photos") / f"{name}.jpg"

    def read(self, name: str) -> Sample:
        """One picture, labelled now: about a second. Raises BrokenSampleError for a crop of somebody unseen."""
        picture, image = self._index.pictures[name], read_image(self.photo(name))
        boxes = np.array(picture.boxes, np.float32)
        bodypix, skin_clothes_hair, model = self._networks
        evidence = Evidence(bodypix(image), skin_clothes_hair(image), model(image), boxed(boxes, image.shape[:2]))
        labels, own = agreed_labels(evidence), boxes[picture.own]
        if picture.is_crop and seen_share(labels, own) < MIN_SEEN:
            raise BrokenSampleError(f"{name}: the teachers see somebody on too little of the box")
        labels = without_unseen_boxes(labels, boxes)
        landmarks = self._landmarks(name)
        if landmarks is None or not _is_own_pose(landmarks, own):
            return Sample(name, image, labels, no_joints(), INFO.licence)
        limbs = {label: landmarks[list(chain), :2] for label, chain in (LIMBS | FEET).items()}
        labels = drop_swapped_sides(labels, limbs, LIP)
        joints = joints_on_their_parts(to_lip_joints(landmarks, labels), labels, body_part_map(evidence.body))
        return Sample(name, image, labels, joints, INFO.licence)

    def _landmarks(self, name: str) -> Points | None:
        found = self._poses.get(f"{name}.jpg")
        return np.asarray(found, np.float64)[:, [0, 1, 3]] if found else None

    @cached_property
    def _networks(self) -> tuple[BodyPix, SkinClothesHair, ExportedModel]:
        teachers = self._index.teachers
        model = ExportedModel(teachers.model)
        if model.label_names != [label.name for label in LIP.labels]:
            raise InputError(f"{teachers.model} has other labels than LIP's")
        return BodyPix(teachers.bodypix), SkinClothesHair(teachers.skin_clothes_hair), model

    @cached_property
    def _poses(self) -> dict[str, list[list[float]] | None]:
        path = self.root / "poses.json"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: make it with `python -m training.mediapipe_pose`")
        poses: dict[str, list[list[float]] | None] = json.loads(path.read_text())
        return poses


def boxed(boxes: Boxes, size: tuple[int, ...]) -> Mask:
    """Where somebody's box (N, 4), grown by ``BOX_MARGIN``, lies in a picture of ``size`` (height, width)."""
    inside = np.zeros(size, np.bool_)
    for left, top, width, height in boxes:
        rows = slice(max(0, int(top - BOX_MARGIN * height)), max(0, int(top + (1 + BOX_MARGIN) * height)))
        columns = slice(max(0, int(left - BOX_MARGIN * width)), max(0, int(left + (1 + BOX_MARGIN) * width)))
        inside[rows, columns] = True
    return inside


def joints_on_their_parts(joints: FloatArray, labels: UInt8Array, body_parts: UInt8Array) -> FloatArray:
    """Joints (J, 3) of which those are nan that lie on the background, or off the part of the body that they belong to.

    ``labels`` (H, W); ``body_parts`` (H, W): places in ``GROUPS``.
    """
    kept, names = joints.copy(), list(GROUPS)
    reach = max(1, round(NEAR * max(labels.shape)))
    for joint, index in JOINT_ID.items():
        x, y = joints[index, :2]
        if np.isnan(x):
            continue
        column, row = round(float(x)), round(float(y))
        rows, columns = (slice(max(0, at - reach), max(0, at + reach + 1)) for at in (row, column))
        around = (rows, columns)
        shown = labels[around] != LABEL_ID["background"]
        parts = {names[place] for place in np.unique(body_parts[around][shown])}
        if not parts or (joint in JOINT_GROUPS and not parts & set(JOINT_GROUPS[joint])):
            kept[index] = np.nan
    return kept


def seen_share(labels: UInt8Array, box: FloatArray) -> float:
    """Which share of a box (4,) of a label map (H, W) shows somebody."""
    part = labels[_area(box)]
    return float(((part != LABEL_ID["background"]) & (part != IGNORE)).mean()) if part.size else 0.0


def without_unseen_boxes(labels: UInt8Array, boxes: Boxes) -> UInt8Array:
    """Labels (H, W) that are unknown in the boxes (N, 4) of people whom no teacher saw: what they call background there
    is somebody."""
    kept = labels.copy()
    for box in boxes:
        if seen_share(labels, box) < MIN_SEEN:
            part = kept[_area(box)]
            part[part == LABEL_ID["background"]] = IGNORE
    return kept


def _area(box: FloatArray) -> tuple[slice, slice]:
    left, top, width, height = (int(side) for side in box)
    return slice(max(0, top), max(0, top + height)), slice(max(0, left), max(0, left + width))


def _is_own_pose(landmarks: Points, box: FloatArray) -> bool:
    """Whether most of the sure landmarks (33, 3) lie in the box, grown by ``BOX_MARGIN``."""
    sure = landmarks[landmarks[:, 2] > 0.5, :2]
    low, high = box[:2] - BOX_MARGIN * box[2:], box[:2] + (1 + BOX_MARGIN) * box[2:]
    return len(sure) > 0 and bool(((sure >= low) & (sure <= high)).all(axis=1).mean() >= OWN_JOINTS)
