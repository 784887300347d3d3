"""Adapter for Clothing Co-Parsing (Yang, Luo, Lin, CVPR 2014): 59 clothing labels become the 20 LIP labels.

Garments map by name (``lip_labels.csv`` beside the data). ``skin`` and shoes carry no side and no limb, so each of
their pixels goes to the nearest limb of a MediaPipe pose (``pose_mediapipe.json``, see ``training/mediapipe_pose.py``).
"""

import csv
import json
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.io import loadmat

from training.data.name_list import read_names
from training.data.polyline import distance_to_polyline
from training.data.sample import BrokenSampleError, DatasetInfo, FloatArray, Sample, UInt8Array, no_joints, read_image
from training.data.unlabelled import Points, Pose
from training.labels.lip import IGNORE, JOINT_ID, LABEL_ID, LIP

INFO = DatasetInfo(
    name="Clothing Co-Parsing",
    licence="Apache-2.0 (as published; the rights in the photographs themselves were not examined)",
    source="https://github.com/bearpaw/clothing-co-parsing",
)

# MediaPipe Pose's 33 landmarks, by index.
NOSE, MOUTH = 0, (9, 10)

SHOULDERS, HIPS = (11, 12), (23, 24)

LIMB_JOINTS = {
    "right-ankle": 28, "right-knee": 26, "right-hip": 24, "left-hip": 23, "left-knee": 25, "left-ankle": 27,
    "right-wrist": 16, "right-elbow": 14, "right-shoulder": 12, "left-shoulder": 11, "left-elbow": 13,
    "left-wrist": 15,
}  # fmt: skip

LIMBS = {
    "left-arm": (11, 13, 15, 19),
    "right-arm": (12, 14, 16, 20),
    "left-leg": (23, 25, 27, 31),
    "right-leg": (24, 26, 28, 32),
}

FEET = {"left-shoe": (27, 29, 31), "right-shoe": (28, 30, 32)}

UPPER_NECK_SHARE = 0.55
"""The upper neck lies this far from the mouth towards the middle of the shoulders."""

FACE_DISTANCE_SCALE = 0.8
"""The face is broad and its axis (nose to mouth) short, so distances to it count for less. Chosen on ``val.txt``."""

CERTAIN = 0.5
"""MediaPipe's visibility at and below which a landmark is a guess: the joint counts as unmarked."""


class ClothingCoParsing:
    """Reads the published folder layout: ``photos/``, ``annotations/pixel-level/``, plus the files named above."""

    info = INFO
    label_set = LIP

    def __init__(self, root: Path) -> None:
        self.root = root

    def splits(self) -> dict[str, list[str]]:
        """Photo names by split, from ``train.txt`` and ``val.txt``."""
        return {split: read_names(self.root / f"{split}.txt") for split in ("train", "val")}

    def unlabelled(self) -> list[str]:
        """Names of the photos in no split and without an annotation."""
        labelled = {name for names in self.splits().values() for name in names}
        labelled |= {path.stem for path in (self.root / "annotations" / "pixel-level").glob("*.mat")}
        return sorted({path.stem for path in (self.root / "photos").glob("*.jpg")} - labelled)

    def photo(self, name: str) -> Path:
        """Path of a photo."""
        return self.root / "photos" / f"{name}.jpg"

    def read(self, name: str) -> Sample:
        """One annotated photo in LIP's labels and joints. Raises BrokenSampleError."""
        image = read_image(self.photo(name))
        clothing = self._clothing(name)
        if clothing.shape != image.shape[:2]:
            raise BrokenSampleError(f"{name}: photo {image.shape[:2]} and annotation {clothing.shape} differ in size")
        landmarks = self._landmarks(name)
        labels = to_lip_labels(clothing, self._mapping, landmarks[:, :2])
        return Sample(name, image, labels, to_lip_joints(landmarks, labels), INFO.licence)

    def person_box(self, name: str) -> FloatArray | None:
        """Left, top, right, bottom (pixels) of all that is labelled in a photo; None where nothing is."""
        rows, columns = np.nonzero(self._clothing(name))
        if not len(rows):
            return None
        return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)

    def pose(self, name: str, labels: UInt8Array) -> Pose:
        """The pose of any photo, with LIP labels (H, W) on it, from which the head top is read.

        Raises BrokenSampleError.
        """
        landmarks = self._landmarks(name)
        limbs = {label: landmarks[list(chain), :2] for label, chain in (LIMBS | FEET).items()}
        return Pose(to_lip_joints(landmarks, labels), limbs)

    def _clothing(self, name: str) -> UInt8Array:
        path = self.root / "annotations" / "pixel-level" / f"{name}.mat"
        try:
            clothing = loadmat(str(path))["groundtruth"]
        except (OSError, ValueError, KeyError) as error:
            raise BrokenSampleError(f"{path}: {error}") from error
        if clothing.ndim != 2 or clothing.size == 0:
            raise BrokenSampleError(f"{path}: the annotation is empty")
        return np.asarray(clothing, np.uint8)

    def _landmarks(self, name: str) -> Points:
        found = self._poses.get(f"{name}.jpg")
        if not found:
            raise BrokenSampleError(f"{name}: pose_mediapipe.json has no person for it")
        return np.asarray(found, np.float64)[:, [0, 1, 3]]

    @cached_property
    def _mapping(self) -> dict[int, str]:
        with (self.root / "lip_labels.csv").open(newline="") as file:
            return {int(row["ccp_id"]): row["lip"] for row in csv.DictReader(file)}

    @cached_property
    def _poses(self) -> dict[str, list[list[float]]]:
        path = self.root / "pose_mediapipe.json"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: make it with `python -m training.mediapipe_pose`")
        poses: dict[str, list[list[float]]] = json.loads(path.read_text())
        return poses


def to_lip_labels(clothing: UInt8Array, mapping: dict[int, str], landmarks: Points) -> UInt8Array:
    """CCP label ids (H, W) → LIP label ids (H, W).

    ``mapping``: CCP id → a LIP id, or ``by-pose:A|B…`` for skin and shoes. ``landmarks``: (33, 2) x, y in pixels.
    An id that the mapping lacks becomes 255.
    """
    table = np.full(256, IGNORE, np.uint8)
    for ccp_id, lip in mapping.items():
        if not lip.startswith("by-pose"):
            table[ccp_id] = int(lip)
    labels = table[clothing]
    mouth = landmarks[list(MOUTH)].mean(0)
    face = {"face": (np.stack([landmarks[NOSE], mouth]), FACE_DISTANCE_SCALE)}
    limbs = {name: (landmarks[list(chain)], 1.0) for name, chain in LIMBS.items()}
    feet = {name: (landmarks[list(chain)], 1.0) for name, chain in FEET.items()}
    for ccp_id, lip in mapping.items():
        if lip.startswith("by-pose"):
            is_skin = str(LABEL_ID["face"]) in lip.removeprefix("by-pose:").split("|")
            _split_by_pose(labels, clothing == ccp_id, face | limbs if is_skin else feet)
    return labels


def _split_by_pose(labels: UInt8Array, region: npt.NDArray[np.bool_], chains: dict[str, tuple[Points, float]]) -> None:
    """Give each pixel of ``region`` the label of the nearest chain (in place)."""
    rows, columns = np.nonzero(region)
    points = np.stack([columns, rows], 1).astype(np.float64)
    distances = np.stack([scale * distance_to_polyline(points, chain) for chain, scale in chains.values()])
    ids = np.array([LABEL_ID[name] for name in chains], np.uint8)
    labels[rows, columns] = ids[distances.argmin(0)]


def to_lip_joints(landmarks: Points, labels: UInt8Array) -> FloatArray:
    """MediaPipe's landmarks (33, 3: x, y, visibility) → LIP's 16 joints (16, 3).

    Thorax and pelvis are the middles of shoulders and hips; the upper neck lies between mouth and thorax; the head
    top is the highest hat, hair or face pixel, above the nose. Joints that MediaPipe is not sure of are nan.
    """
    joints = no_joints()

    def mark(name: str, point: Points, visibility: float) -> None:
        if visibility > CERTAIN:
            joints[JOINT_ID[name]] = (*point[:2], 1.0)

    for name, index in LIMB_JOINTS.items():
        mark(name, landmarks[index], landmarks[index, 2])
    shoulders, hips, mouth = (landmarks[list(pair)].mean(0) for pair in (SHOULDERS, HIPS, MOUTH))
    mark("thorax", shoulders, landmarks[list(SHOULDERS), 2].min())
    mark("pelvis", hips, landmarks[list(HIPS), 2].min())
    mark("upper-neck", mouth + UPPER_NECK_SHARE * (shoulders - mouth), landmarks[[*SHOULDERS, *MOUTH], 2].min())
    head_rows = np.nonzero(np.isin(labels, [LABEL_ID[name] for name in ("hat", "hair", "face")]).any(1))[0]
    if len(head_rows) and head_rows[0] < landmarks[NOSE, 1]:
        mark("head-top", np.array([landmarks[NOSE, 0], head_rows[0]]), landmarks[NOSE, 2])
    return joints
