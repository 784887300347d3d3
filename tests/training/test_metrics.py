import numpy as np
import pytest

from training.evaluation.metrics import ParsingMetric, PoseMetric, iou, merged_confusion
from training.labels.lip import JOINT_ID, LABEL_ID, LIP


def label_map(*rows):
    return np.array(rows, np.uint8)


class TestParsing:
    def test_iou_by_hand(self):
        metric = ParsingMetric(LIP)
        truth = label_map([0, 0, 0, 0], [13, 13, 13, 13])
        predicted = label_map([0, 0, 0, 13], [13, 13, 0, 0])
        metric.add(predicted, truth)
        per_label = iou(metric.confusion)
        assert per_label[0] == pytest.approx(3 / 6)  # 3 hits; 4 true and 5 predicted
        assert per_label[13] == pytest.approx(2 / 5)
        assert metric.result()["pixel_accuracy"] == pytest.approx(5 / 8)
        assert metric.result()["mean_accuracy"] == pytest.approx((3 / 4 + 2 / 4) / 2)

    def test_unknown_pixels_do_not_count(self):
        metric = ParsingMetric(LIP)
        metric.add(label_map([5, 5, 5]), label_map([5, 255, 255]))
        assert metric.confusion.sum() == 1
        assert metric.result()["pixel_accuracy"] == 1

    def test_one_matrix_over_all_photos_not_a_mean_of_photos(self):
        metric = ParsingMetric(LIP)
        metric.add(label_map([2] * 9), label_map([2] * 9))
        metric.add(label_map([0]), label_map([2]))
        assert iou(metric.confusion)[2] == pytest.approx(9 / 10)

    def test_a_label_that_never_occurs_is_left_out_of_the_mean_over_common_labels(self):
        metric = ParsingMetric(LIP)
        half = np.concatenate([np.zeros(3000, np.uint8), np.full(3000, 9, np.uint8)])[None]
        metric.add(half, half)
        result = metric.result()
        assert result["mean_iou"] == 1
        assert result["mean_iou_20"] == pytest.approx(2 / 20)
        assert np.isnan(result["label_iou"]["hat"])

    def test_a_label_with_fewer_than_2000_pixels_is_rare(self):
        metric = ParsingMetric(LIP)
        truth = np.zeros((1, 8000), np.uint8)
        truth[0, :1999] = LABEL_ID["hat"]
        metric.add(np.zeros_like(truth), truth)
        assert metric.result()["mean_iou"] == pytest.approx(6001 / 8000)

    def test_merged_parts_forgive_confusion_within_a_part(self):
        confusion = np.zeros((20, 20), np.int64)
        confusion[LABEL_ID["dress"], LABEL_ID["coat"]] = 7
        confusion[LABEL_ID["dress"], LABEL_ID["skirt"]] = 3
        merged = merged_confusion(confusion, LIP)
        upper, lower = 2, 3
        assert merged[upper, upper] == 7
        assert merged[upper, lower] == 3
        assert merged.sum() == 10

    def test_maps_of_different_size_are_refused(self):
        with pytest.raises(ValueError, match="differ in size"):
            ParsingMetric(LIP).add(label_map([0]), label_map([0, 0]))


class TestPose:
    @pytest.fixture
    def truth(self):
        """All joints at (50, 50), upper neck at (50, 50) and head top 20 pixels above: a joint may be 10 off."""
        joints = np.full((16, 3), 50, np.float32)
        joints[JOINT_ID["head-top"], 1] = 30
        return joints

    def test_half_a_head_size_is_near_enough(self, truth):
        predicted = truth.copy()
        predicted[0, 0] += 10.0
        predicted[1, 0] += 10.1
        metric = PoseMetric(LIP)
        metric.add(predicted, truth)
        assert metric.result()["joint_pckh"]["right-ankle"] == 1
        assert metric.result()["joint_pckh"]["right-knee"] == 0
        assert metric.result()["pckh"] == pytest.approx(13 / 14)

    def test_pelvis_and_thorax_are_not_pooled(self, truth):
        predicted = truth.copy()
        predicted[[JOINT_ID["pelvis"], JOINT_ID["thorax"]]] += 1000
        metric = PoseMetric(LIP)
        metric.add(predicted, truth)
        assert metric.result()["pckh"] == 1

    def test_unmarked_joints_do_not_count(self, truth):
        predicted = truth.copy()
        predicted[0] += 1000
        truth[0] = np.nan
        metric = PoseMetric(LIP)
        metric.add(predicted, truth)
        assert metric.result()["pckh"] == 1
        assert np.isnan(metric.result()["joint_pckh"]["right-ankle"])

    @pytest.mark.parametrize("end", ["head-top", "upper-neck"])
    def test_a_photo_without_a_head_size_does_not_count(self, truth, end):
        truth[JOINT_ID[end]] = np.nan
        metric = PoseMetric(LIP)
        metric.add(truth, truth)
        assert metric.marked.sum() == 0

    def test_a_joint_that_was_not_found_is_a_miss(self, truth):
        predicted = truth.copy()
        predicted[5] = np.nan
        metric = PoseMetric(LIP)
        metric.add(predicted, truth)
        assert metric.result()["joint_pckh"]["left-ankle"] == 0

    def test_upper_body_is_joints_8_to_15(self, truth):
        predicted = truth.copy()
        predicted[:8] += 1000
        metric = PoseMetric(LIP)
        metric.add(predicted, truth)
        assert metric.result()["pckh_upper_body"] == 1
        assert metric.result()["pckh"] == pytest.approx(8 / 14)
