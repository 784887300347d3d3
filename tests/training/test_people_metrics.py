import numpy as np
import pytest

from training.data.box_overlap import corners, pairwise_overlaps
from training.evaluation.people_metrics import (
    COCO_OF_LIMB,
    LIMB_JOINTS,
    MatchedPeople,
    PersonIou,
    keypoint_similarity,
    limb_joints_near,
)


class TestPersonIou:
    def test_by_hand(self):
        metric = PersonIou()
        metric.add(np.array([[5, 5, 0, 7]], np.uint8), np.array([[1, 1, 1, 255]], np.uint8))
        metric.add(np.array([[0, 3]], np.uint8), np.array([[1, 1]], np.uint8))
        assert metric.result() == {"pooled": 3 / 5, "mean": pytest.approx((2 / 3 + 1 / 2) / 2)}

    def test_masks_of_two_sizes_are_refused(self):
        with pytest.raises(ValueError, match="differ in size"):
            PersonIou().add(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))


class TestMatchedPeople:
    def result(self, likeness, asked):
        metric = MatchedPeople()
        metric.add(np.array(likeness, float).reshape(-1, len(asked)), asked)
        return metric

    def test_everybody_found_once(self):
        metric = self.result([[0.9, 0.1], [0.1, 0.6]], [True, True])
        assert metric.result() == {"recall": 1, "precision": 1, "f1": 1, "likeness": pytest.approx(0.75)}

    def test_somebody_found_twice_is_wrong_once(self):
        metric = self.result([[0.9], [0.8]], [True])
        assert (metric.hits, metric.found, metric.wanted) == (1, 2, 1)

    def test_the_surest_chooses_first(self):
        metric = self.result([[0.6, 0.7], [0.1, 0.8]], [True, True])
        assert (metric.hits, metric.found) == (1, 2)

    def test_whom_nobody_asked_for_neither_helps_nor_hurts(self):
        found, near, none = (self.result([[share, 0.0]], [False, True]) for share in (0.9, 0.4, 0.2))
        assert (found.found, near.found, none.found) == (0, 0, 1)
        assert found.wanted == 1

    def test_nobody_found_and_nobody_there(self):
        assert self.result([], [True]).result()["f1"] == 0
        metric = MatchedPeople()
        metric.add(np.zeros((1, 0)), [])
        assert (metric.found, metric.wanted) == (1, 0)


def test_iou_of_boxes():
    a, b = np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 10, 10], [20, 20, 5, 5]])
    np.testing.assert_allclose(pairwise_overlaps(corners(a), corners(b)), [[50 / 150, 0]], rtol=1e-6)


class TestKeypointSimilarity:
    def people(self, shift=0.0):
        truth = np.zeros((17, 3))
        truth[list(COCO_OF_LIMB)] = np.column_stack((np.arange(12) * 10, np.arange(12) * 5, np.full(12, 2)))
        found = np.zeros((16, 2))
        found[list(LIMB_JOINTS)] = truth[list(COCO_OF_LIMB), :2] + (shift, 0)
        return found, truth

    def test_the_same_joints(self):
        assert keypoint_similarity(*self.people(), area=1e4) == pytest.approx(1)

    def test_one_marked_joint_by_hand(self):
        found, truth = self.people(shift=10)
        truth[:, 2] = 0
        truth[10, 2] = 1  # right wrist, σ 0.062
        assert keypoint_similarity(found, truth, area=1e4) == pytest.approx(np.exp(-100 / (2 * 0.124**2 * 1e4)))

    def test_nothing_marked(self):
        found, truth = self.people()
        truth[:, 2] = 0
        assert np.isnan(keypoint_similarity(found, truth, area=1e4))


def test_joints_near_by_the_torso():
    truth = np.zeros((12, 2))
    truth[9] = (0, 100)  # left shoulder; right hip at 0, 0
    found = np.zeros((16, 2))
    found[LIMB_JOINTS[9]] = (0, 100)
    found[LIMB_JOINTS[0]] = (19, 0)
    found[LIMB_JOINTS[1]] = (21, 0)
    assert limb_joints_near(found, truth).tolist() == [True, False] + [True] * 10
    assert not limb_joints_near(np.full((16, 2), np.nan), truth).any()
