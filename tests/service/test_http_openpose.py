"""OpenPose's JSON: its joints in its order, made of the model's by name; what is not there is 0, 0, 0."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.api.response.openpose import BODY_25, COCO_18, keypoints
from service.engine.engine import Engine
from service.engine.photo.view import Person
from service.imaging.box import Box
from service.settings import Settings
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw
from tests.helpers.toy_model import paint, png, toy_card, write_toy_model

LIP = (
    "right-ankle", "right-knee", "right-hip", "left-hip", "left-knee", "left-ankle", "pelvis", "thorax", "upper-neck",
    "head-top", "right-wrist", "right-elbow", "right-shoulder", "left-shoulder", "left-elbow", "left-wrist",
)  # fmt: skip
PLACES = np.array([(10.0 * number, 10.0 * number + 1, 0.5 + number / 100) for number in range(16)])


def person(places: np.ndarray) -> Person:
    return Person(Box(0, 0, 200, 200), 0.9, places)


def test_the_orders_are_openposes() -> None:
    assert len(BODY_25) == 25
    assert [BODY_25[number] for number in (0, 1, 2, 5, 8, 9, 12, 15, 18, 19, 22, 24)] == [
        "nose", "neck", "right-shoulder", "left-shoulder", "mid-hip", "right-hip", "left-hip", "right-eye", "left-ear",
        "left-big-toe", "right-big-toe", "right-heel",
    ]  # fmt: skip
    assert len(COCO_18) == 18
    assert [COCO_18[number] for number in (0, 1, 4, 7, 8, 10, 11, 13, 14, 17)] == [
        "nose", "neck", "right-wrist", "left-wrist", "right-hip", "right-ankle", "left-hip", "left-ankle", "right-eye",
        "left-ear",
    ]  # fmt: skip


@pytest.mark.parametrize("names", [BODY_25, COCO_18])
def test_lips_joints_go_to_their_places(names: tuple[str, ...]) -> None:
    made = dict(zip(names, keypoints(person(PLACES), LIP, names).tolist(), strict=True))
    for number, name in enumerate(LIP):
        if name in made:
            assert made[name] == PLACES[number].tolist()
    assert made["neck"] == pytest.approx([125, 126, 0.62])  # of the shoulders, 12 and 13: the lower score
    if "mid-hip" in made:
        assert made["mid-hip"] == pytest.approx([25, 26, 0.52])  # of the hips, 2 and 3
    missing = {"nose", "right-eye", "left-eye", "right-ear", "left-ear"}
    missing |= {name for name in names if "toe" in name or "heel" in name}
    assert {name for name, place in made.items() if place == [0, 0, 0]} == missing


def test_a_joint_that_was_not_found_is_none_and_nor_is_what_is_made_of_it() -> None:
    places = PLACES.copy()
    places[13, 2] = 0.05  # the left shoulder
    made = dict(zip(BODY_25, keypoints(person(places), LIP, BODY_25).tolist(), strict=True))
    assert made["left-shoulder"] == made["neck"] == [0, 0, 0]
    assert made["right-shoulder"] != [0, 0, 0]


def test_a_models_own_nose_is_one() -> None:
    made = keypoints(person(np.array([(5.0, 6.0, 0.7)])), ["nose"], COCO_18)
    assert made[0].tolist() == [5, 6, 0.7]
    assert not made[1:].any()


@pytest.fixture(scope="module")
def shoulders(detector_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service whose toy model calls its joints shoulders and hip, and which finds everybody."""
    folder = tmp_path_factory.mktemp("model")
    model = write_toy_model(folder / "toy.onnx", toy_card() | {"joints": ["right-shoulder", "left-shoulder", "nose"]})
    settings = Settings(model=model, detector=detector_path, provider="cpu", lanes=1)
    with serving(Engine.start(settings), settings) as client:
        yield client


@pytest.mark.parametrize("path", ["/pose", "/analyze"])
@pytest.mark.parametrize(("name", "count"), [("openpose", 25), ("openpose-18", 18)])
def test_everybody_is_answered(shoulders: httpx.Client, path: str, name: str, count: int) -> None:
    group = draw(Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9))
    answer = shoulders.post(f"{path}?format={name}", content=group.png)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["version"] == 1.3
    height, width = group.photo.shape[:2] if hasattr(group, "photo") else (told["canvas_height"], told["canvas_width"])
    assert (told["canvas_width"], told["canvas_height"]) == (width, height)
    everybody = shoulders.post("/pose", content=group.png).json()["people"]
    assert len(told["people"]) == len(everybody) == 2
    for one, truth in zip(told["people"], everybody, strict=True):
        joints = np.array(one["pose_keypoints_2d"]).reshape(-1, 3)
        assert len(joints) == count
        assert one["person_id"] == [-1]
        assert not any(one[key] for key in one if key not in ("person_id", "pose_keypoints_2d"))
        right = next(joint for joint in truth["keypoints"] if joint["name"] == "right-shoulder")
        if right["score"] >= 0.1:
            assert joints[2].tolist() == [right["x"], right["y"], right["score"]]


def test_the_neck_is_between_the_shoulders(shoulders: httpx.Client) -> None:
    photo = png(paint(192, 256, {1: (40, 80, 40, 40), 2: (120, 80, 40, 40)}))
    (one,) = shoulders.post("/pose?format=openpose&people=one", content=photo).json()["people"]
    joints = np.array(one["pose_keypoints_2d"]).reshape(25, 3)
    np.testing.assert_allclose(joints[[2, 5, 1]], [(59.5, 99.5, 1), (139.5, 99.5, 1), (99.5, 99.5, 1)], atol=0.6)
    assert not joints[[0, 3, 4, 6, 7, 8]].any()


def test_nobody_is_no_people(shoulders: httpx.Client) -> None:
    assert shoulders.post("/pose?format=openpose", content=png(paint(192, 256, {}))).json()["people"] == []
