"""Labels by teachers who check one another. The pictures here are 60×60; a person stands in columns 20 to 39."""

import numpy as np
import pytest

from training.labels.label_set import IGNORE
from training.labels.lip import LABEL_ID, LIP
from training.self_training.openimages import boxed, joints_on_their_parts, seen_share, without_unseen_boxes
from training.self_training.teachers.agreement import GROUPS, Evidence, agreed_labels, body_part_map
from training.self_training.teachers.bodypix import MIRRORED, PARTS, BodyParts
from training.self_training.teachers.exported_model import LabelOpinion
from training.self_training.teachers.skin_clothes_hair import Materials

SIZE = (60, 60)
MIDDLE = (30, 30)
SOMEBODY, UPPER, LOWER, HEAD, FOOT = (
    LIP.coarse_id[name] for name in ("somebody", "upper-garment", "lower-garment", "head", "foot")
)


def plane(value=0.0):
    return np.full(SIZE, value, np.float32)


def evidence(part, *, skin=0.0, clothes=0.0, hair=0.0, label="background", confidence=0.0, chance=1.0, everywhere=True):
    """Somebody in columns 20 to 39, all of whom is one part of the body, and what the others say of the picture."""
    person = plane()
    person[:, 20:40] = chance
    parts = np.zeros((len(PARTS), *SIZE), np.float32)
    parts[PARTS.index(part)] = 1
    opinion = LabelOpinion(np.full(SIZE, LABEL_ID[label], np.uint8), plane(confidence))
    inside = np.zeros(SIZE, bool)
    inside[:, 20 if not everywhere else 0 : 40 if not everywhere else 60] = True
    return Evidence(BodyParts(person, parts), Materials(plane(skin), plane(clothes), plane(hair)), opinion, inside)


def label_of(*args, **kwargs):
    return agreed_labels(evidence(*args, **kwargs))[MIDDLE]


class TestWhereSomebodyIs:
    def test_background_where_nobody_is(self):
        assert (agreed_labels(evidence("torso-front"))[:, :15] == LABEL_ID["background"]).all()

    def test_the_rim_of_a_person_is_unknown(self):
        assert agreed_labels(evidence("torso-front"))[30, 20] == IGNORE

    @pytest.mark.parametrize(
        ("chance", "expected"), [(0.34, LABEL_ID["background"]), (0.36, IGNORE), (0.59, IGNORE), (0.61, SOMEBODY)]
    )
    def test_in_a_box_by_the_probability(self, chance, expected):
        assert label_of("torso-front", chance=chance) == expected

    @pytest.mark.parametrize(("chance", "expected"), [(0.19, LABEL_ID["background"]), (0.21, IGNORE), (0.59, IGNORE)])
    def test_a_dog_that_the_model_takes_for_a_coat_is_background(self, chance, expected):
        assert label_of("torso-front", chance=chance, label="coat", confidence=0.9) == expected

    def test_nobody_is_labelled_outside_all_boxes(self):
        outside = evidence("torso-front", chance=0.9)
        outside.boxed[:] = False
        assert agreed_labels(outside)[MIDDLE] == IGNORE


class TestParts:
    @pytest.mark.parametrize(
        ("part", "material", "label", "confidence", "expected"),
        [
            ("left-face", "skin", "background", 0.0, LABEL_ID["face"]),
            ("left-face", "hair", "background", 0.0, LABEL_ID["hair"]),
            ("left-face", "hair", "hat", 0.9, LABEL_ID["hat"]),
            ("left-face", "", "background", 0.0, HEAD),
            ("torso-front", "clothes", "background", 0.0, UPPER),
            ("torso-back", "clothes", "coat", 0.9, LABEL_ID["coat"]),
            ("torso-front", "skin", "background", 0.0, SOMEBODY),
            ("left-hand", "skin", "background", 0.0, LABEL_ID["left-arm"]),
            ("left-hand", "skin", "right-arm", 0.9, SOMEBODY),
            ("right-upper-arm-front", "clothes", "upper-clothes", 0.9, LABEL_ID["upper-clothes"]),
            ("left-upper-leg-front", "clothes", "background", 0.0, LOWER),
            ("left-upper-leg-front", "clothes", "pants", 0.6, LABEL_ID["pants"]),
            ("left-upper-leg-front", "skin", "pants", 0.9, SOMEBODY),
            ("right-lower-leg-back", "skin", "background", 0.0, LABEL_ID["right-leg"]),
            ("right-foot", "", "right-shoe", 0.9, LABEL_ID["right-shoe"]),
            ("right-foot", "", "left-shoe", 0.9, FOOT),
            ("right-foot", "skin", "background", 0.0, FOOT),
        ],
    )
    def test_who_says_what(self, part, material, label, confidence, expected):
        materials = {material: 1.0} if material else {}
        assert label_of(part, label=label, confidence=confidence, **materials) == expected

    def test_an_unsure_model_is_not_listened_to(self):
        assert label_of("torso-front", clothes=1.0, label="coat", confidence=0.4) == UPPER


def test_most_of_a_garment_decides_for_the_rest():
    seen = evidence("torso-front", clothes=1.0, label="dress", confidence=0.9)
    seen.opinion.confidence[40:] = 0.1
    labels = agreed_labels(seen)
    assert labels[50, 30] == LABEL_ID["dress"]
    seen.opinion.labels[:20] = LABEL_ID["coat"]  # half and half: nobody decides
    assert agreed_labels(seen)[50, 30] == UPPER


def test_left_and_right_of_the_mirror_image_change_places():
    for place, other in enumerate(MIRRORED):
        expected = PARTS[place].replace("left", "@").replace("right", "left").replace("@", "right")
        assert PARTS[other] == expected


def test_groups_cover_all_parts_once():
    assert sorted(part for parts in GROUPS.values() for part in parts) == sorted(PARTS)
    assert (body_part_map(evidence("right-foot").body) == list(GROUPS).index("right-foot")).all()


class TestBoxes:
    def test_boxes_reach_a_little_farther(self):
        inside = boxed(np.array([[20, 20, 20, 20]], np.float32), SIZE)
        assert inside[19, 19]
        assert not inside[17, 30]

    def test_what_is_background_in_an_unseen_box_is_unknown(self):
        labels = np.zeros(SIZE, np.uint8)
        labels[:, 40:] = LABEL_ID["coat"]
        boxes = np.array([[0, 0, 20, 60], [30, 0, 30, 60]], np.float32)
        assert seen_share(labels, boxes[0]) == 0
        assert seen_share(labels, boxes[1]) == pytest.approx(2 / 3)
        kept = without_unseen_boxes(labels, boxes)
        assert (kept[:, :20] == IGNORE).all()
        assert (kept[:, 20:] == labels[:, 20:]).all()


class TestJoints:
    def place(self, joint, part, label="coat"):
        joints = np.full((16, 3), np.nan, np.float32)
        joints[LIP.joint_id[joint]] = (30, 30, 1)
        labels = np.full(SIZE, LABEL_ID[label], np.uint8)
        parts = np.full(SIZE, list(GROUPS).index(part), np.uint8)
        return not np.isnan(joints_on_their_parts(joints, labels, parts)[LIP.joint_id[joint], 0])

    def test_a_joint_lies_on_its_part_of_the_body(self):
        assert self.place("left-knee", "left-leg")
        assert self.place("left-hip", "torso")
        assert not self.place("left-knee", "right-leg")
        assert not self.place("left-wrist", "torso")

    def test_a_joint_on_the_background_is_dropped(self):
        assert not self.place("left-knee", "left-leg", label="background")
        assert not self.place("head-top", "head", label="background")
