"""People as OpenPose's JSON has them: the joints of BODY_25 or of COCO's 18, made of the model's by their names.

The orders are those of OpenPose's ``doc/02_output.md``. Neck and middle of the hips are means of two joints, as
OpenPose defines them; their score is the lower one of the two. The models here have no nose, eyes, ears and feet:
those are 0, 0, 0, as is each joint that was not found, which is OpenPose's own way to say so.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from service.api.request.answer_options import Options
from service.api.response.schemas import OpenPoseAnswer, OpenPosePerson
from service.engine.photo.analysis import Analysis
from service.engine.photo.view import Person

VERSION: Final = 1.3
"""Of OpenPose's format."""

ARMS: Final = (
    *("right-shoulder", "right-elbow", "right-wrist"),
    *("left-shoulder", "left-elbow", "left-wrist"),
)
RIGHT_LEG: Final = ("right-hip", "right-knee", "right-ankle")
LEFT_LEG: Final = ("left-hip", "left-knee", "left-ankle")
HEAD: Final = ("right-eye", "left-eye", "right-ear", "left-ear")
LEFT_FOOT: Final = ("left-big-toe", "left-small-toe", "left-heel")
RIGHT_FOOT: Final = ("right-big-toe", "right-small-toe", "right-heel")

BODY_25: Final = ("nose", "neck", *ARMS, "mid-hip", *RIGHT_LEG, *LEFT_LEG, *HEAD, *LEFT_FOOT, *RIGHT_FOOT)
"""OpenPose's 25 joints, in its order."""
COCO_18: Final = ("nose", "neck", *ARMS, *RIGHT_LEG, *LEFT_LEG, *HEAD)
"""The 18 of its COCO model, in its order."""
MEANS: Final[Mapping[str, tuple[str, str]]] = {
    "neck": ("right-shoulder", "left-shoulder"),
    "mid-hip": ("right-hip", "left-hip"),
}
"""Joints that OpenPose defines by two others."""
MISSING: Final = (0.0, 0.0, 0.0)


def body_25_json(analysis: Analysis, options: Options) -> bytes:
    """The people in the photo with the joints of BODY_25."""
    return _answer(analysis, BODY_25)


def coco_18_json(analysis: Analysis, options: Options) -> bytes:
    """The people in the photo with the 18 joints of OpenPose's COCO model."""
    return _answer(analysis, COCO_18)


def keypoints(person: Person, joints: Sequence[str], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """The joints (len(names), 3) of a person with the model's ``joints``, as x, y, score; zeros where there is none."""
    places = zip(joints, person.keypoints, person.visible, strict=True)
    found = {name: place for name, place, is_visible in places if is_visible}
    for name, (one, other) in MEANS.items():
        if one in found and other in found:
            pair = np.stack((found[one], found[other]))
            found[name] = np.array((*pair[:, :2].mean(axis=0), pair[:, 2].min()))
    return np.array([found.get(name, MISSING) for name in names])


def _answer(analysis: Analysis, names: Sequence[str]) -> bytes:
    answer = OpenPoseAnswer(
        version=VERSION,
        people=[_person(keypoints(person, analysis.card.joints, names)) for _, person in analysis.people],
        canvas_width=analysis.width,
        canvas_height=analysis.height,
    )
    return answer.model_dump_json().encode()


def _person(joints: npt.NDArray[np.float64]) -> OpenPosePerson:
    return OpenPosePerson(
        person_id=[-1],
        pose_keypoints_2d=np.column_stack((joints[:, :2].round(2), joints[:, 2].round(4))).ravel().tolist(),
        face_keypoints_2d=[],
        hand_left_keypoints_2d=[],
        hand_right_keypoints_2d=[],
        pose_keypoints_3d=[],
        face_keypoints_3d=[],
        hand_left_keypoints_3d=[],
        hand_right_keypoints_3d=[],
    )
