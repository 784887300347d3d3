"""Metrics of a running service, here one that gives a prepared answer to every photo."""

import json

import cv2
import numpy as np
import pytest

from export.service_metrics import (
    measure_athletes,
    measure_boxes,
    measure_joints,
    measure_masks,
    measure_nobody,
    measure_street,
)
from jppnet import Analysis, Box, Keypoint, Person
from tests.helpers.drawings import draw_people
from training.evaluation.people_metrics import COCO_OF_LIMB, LIMB_JOINTS


class PreparedClient:
    """Answers every photo with the same mask and people."""

    def __init__(self, mask, *people):
        height, width = mask.shape
        self.answer = Analysis(
            model="m", version="1", width=width, height=height, labels=(), mask=mask, regions=(), people=people,
            skeleton=(),
        )  # fmt: skip

    def parse(self, photo):
        assert photo.exists()
        return self.answer

    pose = analyze = parse


def person(box, score=0.5, joints=None):
    points = np.zeros((16, 2)) if joints is None else joints
    return Person(Box(*box), score, tuple(Keypoint("joint", float(x), float(y), 1.0) for x, y in points))


def write_photo(path, height=100, width=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


@pytest.fixture
def mask():
    mask = np.zeros((100, 100), np.uint8)
    mask[:, :50] = 5
    return mask


def test_masks(tmp_path, mask):
    write_photo(tmp_path / "photos" / "a.jpg")
    truth = np.zeros((100, 100), np.uint8)
    truth[:, :100] = 1
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "a.png"), truth)
    assert measure_masks(PreparedClient(mask), tmp_path) == {"pooled": 0.5, "mean": 0.5}


def test_boxes_of_people_who_are_large_enough(tmp_path, mask):
    write_photo(tmp_path / "photos" / "a.jpg")
    (tmp_path / "boxes.csv").write_text("photo,x,y,width,height\na,0,0,50,100\na,60,0,10,10\n")
    figures = measure_boxes(PreparedClient(mask, person((0, 0, 50, 90)), person((50, 50, 40, 40), 0.9)), tmp_path)
    assert (figures["recall"], figures["precision"]) == (1, 0.5)


def test_joints(tmp_path, mask):
    write_photo(tmp_path / "photos" / "a.jpg")
    marked, found = np.zeros((17, 3)), np.zeros((16, 2))
    marked[list(COCO_OF_LIMB)] = np.column_stack((np.arange(12) * 8, np.arange(12) * 8, np.full(12, 2)))
    found[list(LIMB_JOINTS)] = marked[list(COCO_OF_LIMB), :2]
    true = {"box": [0, 0, 90, 90], "area": 5000, "crowd": False, "keypoints": marked.ravel().tolist()}
    photos = [{"photo": "a.jpg", "width": 100, "height": 100, "people": [true, true | {"crowd": True}]}]
    (tmp_path / "people.json").write_text(json.dumps(photos))
    assert measure_joints(PreparedClient(mask, person((0, 0, 9, 9), joints=found)), tmp_path)["f1"] == pytest.approx(1)
    assert measure_joints(PreparedClient(mask), tmp_path)["f1"] == 0


def test_nobody(tmp_path, mask):
    write_photo(tmp_path / "kind" / "a.jpg")
    write_photo(tmp_path / "b.jpg")
    somebody = measure_nobody(PreparedClient(mask, person((0, 0, 9, 9))), tmp_path)
    assert somebody == {"photos_with_somebody": 1, "pixels_labelled": 0.5}
    assert measure_nobody(PreparedClient(mask), tmp_path)["photos_with_somebody"] == 0


def test_of_a_street_photo_the_surest_persons_joints_count(tmp_path):
    data = draw_people(tmp_path / "street")
    sample = data.read(data.names("val")[0])
    right, wrong = person((0, 0, 9, 9), 0.9, sample.joints[:, :2]), person((0, 0, 9, 9), 0.1)
    client = PreparedClient(sample.labels, wrong, right)
    (data.root / "val.txt").write_text(f"{sample.name}\n")
    figures = measure_street(client, data, "val")
    assert figures["pixel_accuracy"] == 1
    assert figures["pckh"] == 1


def test_of_athletes_the_surest_persons_joints_count(tmp_path, mask):
    write_photo(tmp_path / "images" / "a.jpg")
    joints, truth = np.column_stack((np.arange(16) * 5, np.arange(16) * 3)), np.zeros((14, 3))
    truth[:12, :2] = joints[list(LIMB_JOINTS)]
    (tmp_path / "joints.csv").write_text("image\na.jpg," + ",".join(map(str, truth.ravel())) + "\n")
    right, wrong = person((0, 0, 9, 9), 0.9, joints), person((0, 0, 9, 9), 0.1)
    assert measure_athletes(PreparedClient(mask, wrong, right), tmp_path) == {"pck": 1}
    assert measure_athletes(PreparedClient(mask), tmp_path) == {"pck": 0}
