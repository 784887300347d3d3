from pathlib import Path

import numpy as np
import pytest

from training.data.adapters.ccp import ClothingCoParsing, to_lip_joints, to_lip_labels
from training.data.polyline import distance_to_polyline
from training.data.sample import read_label_map
from training.labels.lip import IGNORE, JOINT_ID, LABEL_ID

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "ccp"
SKIN, SHOES, DRESS, BELT = 41, 39, 14, 3
MAPPING = {0: "0", DRESS: "6", BELT: "255", SKIN: "by-pose:13|14|15|16|17", SHOES: "by-pose:18|19"}


@pytest.fixture
def landmarks():
    """MediaPipe's 33 landmarks of somebody who faces us: the person's right is on the picture's left."""
    points = np.zeros((33, 3))
    points[:, 2] = 1
    named = {
        0: (50, 20), 9: (52, 26), 10: (48, 26), 11: (60, 40), 12: (40, 40), 13: (70, 60), 14: (30, 60), 15: (72, 80),
        16: (28, 80), 19: (72, 86), 20: (28, 86), 23: (56, 90), 24: (44, 90), 25: (58, 130), 26: (42, 130),
        27: (60, 170), 28: (40, 170), 29: (60, 176), 30: (40, 176), 31: (62, 180), 32: (38, 180),
    }  # fmt: skip
    for index, point in named.items():
        points[index, :2] = point
    return points


class TestLabels:
    def label_at(self, landmarks, x, y, ccp_id):
        clothing = np.zeros((200, 100), np.uint8)
        clothing[y, x] = ccp_id
        return to_lip_labels(clothing, MAPPING, landmarks[:, :2])[y, x]

    @pytest.mark.parametrize(
        ("x", "y", "ccp_id", "name"),
        [
            (50, 22, SKIN, "face"),
            (28, 70, SKIN, "right-arm"),
            (73, 70, SKIN, "left-arm"),
            (44, 150, SKIN, "right-leg"),
            (56, 150, SKIN, "left-leg"),
            (40, 178, SHOES, "right-shoe"),
            (61, 178, SHOES, "left-shoe"),
            (50, 100, DRESS, "dress"),
        ],
    )
    def test_a_pixel_goes_to_its_garment_or_nearest_limb(self, landmarks, x, y, ccp_id, name):
        assert self.label_at(landmarks, x, y, ccp_id) == LABEL_ID[name]

    def test_what_has_no_lip_label_is_unknown(self, landmarks):
        assert self.label_at(landmarks, 50, 90, BELT) == IGNORE
        assert self.label_at(landmarks, 50, 90, 58) == IGNORE


class TestJoints:
    def joints(self, landmarks, head_row=8):
        labels = np.zeros((200, 100), np.uint8)
        labels[head_row : head_row + 3, 45:55] = LABEL_ID["hair"]
        return to_lip_joints(landmarks, labels)

    def test_derived_joints(self, landmarks):
        joints = self.joints(landmarks)
        assert joints[JOINT_ID["thorax"], :2].tolist() == [50, 40]
        assert joints[JOINT_ID["pelvis"], :2].tolist() == [50, 90]
        assert joints[JOINT_ID["upper-neck"], :2].tolist() == pytest.approx([50, 26 + 0.55 * 14])
        assert joints[JOINT_ID["head-top"], :2].tolist() == [50, 8]
        assert joints[JOINT_ID["right-wrist"], :2].tolist() == [28, 80]

    def test_a_joint_that_mediapipe_guesses_is_unmarked(self, landmarks):
        landmarks[15, 2] = 0.5
        landmarks[23, 2] = 0.2
        joints = self.joints(landmarks)
        for name in ("left-wrist", "left-hip", "pelvis"):
            assert np.isnan(joints[JOINT_ID[name]]).all()
        assert not np.isnan(joints[JOINT_ID["right-hip"]]).any()

    def test_hair_below_the_nose_is_no_head_top(self, landmarks):
        assert np.isnan(self.joints(landmarks, head_row=60)[JOINT_ID["head-top"]]).all()


def test_distance_to_a_chain_by_hand():
    chain = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    points = np.array([[5.0, 3.0], [-3.0, 4.0], [13.0, 5.0], [10.0, 14.0]])
    assert distance_to_polyline(points, chain).tolist() == pytest.approx([3, 5, 3, 4])


@pytest.mark.skipif(not DATA.exists(), reason="Clothing Co-Parsing is not beside this checkout")
def test_the_finished_label_maps_of_the_validation_photos_come_out():
    adapter = ClothingCoParsing(DATA)
    names = adapter.splits()["val"][:10]
    finished = {name: read_label_map(DATA / "val_labels" / f"{name}.png") for name in names}
    equal = [(adapter.read(name).labels == finished[name]).mean() for name in names]
    assert min(equal) > 0.99
    assert np.mean(equal) > 0.999
