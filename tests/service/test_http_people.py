"""The answers about everybody in a photo, through HTTP: scenes of figures that the toy detector finds and the toy
model labels."""

import base64

import cv2
import httpx
import numpy as np
import pytest

from service.imaging.decode import orient
from service.imaging.skeleton import bone_colors
from tests.helpers.masks import ids_of
from tests.helpers.oriented_files import exif, png_with_chunk
from tests.helpers.plain_rle import decode
from tests.helpers.scenes import (
    GROUP,
    IN_ORDER,
    LEFT,
    NOBODY,
    NUMBERS,
    RIGHT,
    assert_is_group,
    assert_shows,
    grown,
    mask_and_instances,
    ordered,
    plane_of,
    post,
)
from tests.helpers.toy_detector import Figure, draw
from tests.helpers.toy_model import png


def test_everybody_has_a_box_a_score_and_joints_of_their_own(people: httpx.Client) -> None:
    answer = post(people, "/pose", GROUP)
    assert_is_group(answer)
    for person, figure in zip(answer["people"], IN_ORDER, strict=True):
        head = person["keypoints"][2]
        assert head["x"] == pytest.approx(figure.x + figure.width / 2, abs=4)
        assert head["y"] == pytest.approx(figure.y + figure.height / 8, abs=4)
        assert head["score"] == 1


def test_every_pixel_has_its_label_and_its_person(people: httpx.Client) -> None:
    answer = post(people, "/analyze", GROUP)
    assert_is_group(answer)
    mask, instances = mask_and_instances(answer)
    assert_shows(mask, GROUP.labels)
    assert_shows(instances, ordered(GROUP, NUMBERS))
    np.testing.assert_array_equal(mask > 0, instances > 0)
    for person in answer["people"]:
        own = np.where(instances == person["index"], mask, 0)
        assert [label["name"] for label in person["labels"]] == ["shirt", "trousers", "hair"]
        for label in person["labels"]:
            rows, columns = np.nonzero(own == label["id"])
            assert label["pixels"] == len(rows)
            assert label["box"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert label["share"] == pytest.approx(len(rows) / own.size, abs=1e-6)


def test_parsing_says_whose_each_part_is(people: httpx.Client) -> None:
    answer = post(people, "/parse?format=json", GROUP)
    assert_is_group(answer)
    assert "keypoints" not in answer["people"][0]
    assert answer["people"][1]["labels"] == post(people, "/analyze", GROUP)["people"][1]["labels"]


def test_instances_as_a_picture_and_as_run_lengths_are_those_of_json(people: httpx.Client) -> None:
    answer = post(people, "/parse?format=json", GROUP)
    instances = plane_of(base64.b64decode(answer["instances"]))
    np.testing.assert_array_equal(plane_of(post(people, "/parse?format=instances", GROUP)), instances)
    lengths = post(people, "/analyze?mask=rle", GROUP)
    assert "instances" not in lengths
    coco = post(people, "/parse?format=coco&image_id=7", GROUP)
    for number, (person, result) in enumerate(zip(lengths["people"], coco, strict=True), 1):
        rle = person["rle"]
        assert rle["size"] == [256, 384]
        np.testing.assert_array_equal(decode(rle["counts"], *rle["size"]), instances == number)
        assert result == {
            "image_id": 7,
            "category_id": 1,
            "bbox": person["box"],
            "score": person["score"],
            "segmentation": rle,
        }


def test_only_wanted_labels_are_anybodys(people: httpx.Client) -> None:
    answer = post(people, "/parse?format=json&labels=hair", GROUP)
    mask, instances = mask_and_instances(answer)
    np.testing.assert_array_equal(mask > 0, instances > 0)
    assert set(np.unique(mask)) == {0, 3}
    assert [[label["name"] for label in person["labels"]] for person in answer["people"]] == [["hair"]] * 3


def test_coco_key_points_have_a_result_a_person(people: httpx.Client) -> None:
    assert [result["bbox"] for result in post(people, "/pose?format=coco", GROUP)] == [f.box for f in IN_ORDER]


def test_where_nobody_is_nobody_is_answered(people: httpx.Client) -> None:
    answer = post(people, "/analyze", NOBODY)
    assert answer["people"] == []
    assert [label["name"] for label in answer["labels"]] == ["background"]
    assert answer["labels"][0]["share"] == 1
    for call in ("/parse", "/parse?format=instances"):
        assert not cv2.imdecode(np.frombuffer(post(people, call, NOBODY), np.uint8), cv2.IMREAD_GRAYSCALE).any()
    assert post(people, "/parse?format=coco", NOBODY) == []
    assert post(people, "/pose?format=coco", NOBODY) == []
    for call in ("/parse?format=overlay", "/pose?format=overlay", "/analyze?format=overlay", "/parse?format=cutout"):
        assert post(people, call, NOBODY)


def test_who_stands_before_another_keeps_their_pixels(people: httpx.Client) -> None:
    behind, before = Figure(100, 20, 120, 200), Figure(170, 50, 100, 200)
    scene = draw(behind, before)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [behind.box, before.box]
    instances = plane_of(base64.b64decode(answer["instances"]))
    by_box = {tuple(person["box"]): person["index"] for person in answer["people"]}
    for number, figure in enumerate((behind, before), 1):
        torso = np.zeros_like(scene.people, np.bool_)
        middle = figure.x + figure.width // 2
        torso[figure.y + 60 : figure.y + 120, middle - 20 : middle + 20] = True
        own = torso & (scene.people == number)
        index = next(i for box, i in by_box.items() if box[0] == figure.x)
        assert (instances[own] == index).mean() > 0.95
    assert_shows(ids_of(base64.b64decode(answer["mask"])), scene.labels)


def test_people_side_by_side_are_told_apart(people: httpx.Client) -> None:
    scene = draw(Figure(100, 20, 80, 200), Figure(180, 20, 80, 202))
    instances = plane_of(post(people, "/parse?format=instances", scene))
    assert_shows(instances, ordered(scene, (2, 1)), within=8)


@pytest.mark.parametrize("figure", [Figure(0, 40, 60, 160), Figure(324, 96, 60, 160), Figure(160, 0, 60, 100)])
def test_a_person_at_the_rim_is_whole(people: httpx.Client, figure: Figure) -> None:
    scene = draw(figure)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [figure.box]
    instances = plane_of(base64.b64decode(answer["instances"]))
    assert (instances[scene.people > 0] == 1).mean() > 0.9
    rim = scene.people[[0, -1]].any() or scene.people[:, [0, -1]].any()
    assert rim
    assert ((instances > 0) & ~grown(scene.people > 0, 8)).sum() == 0


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photo_has_the_answer_of_the_upright_one(people: httpx.Client, orientation: int) -> None:
    stored = orient(GROUP.photo, {6: 8, 8: 6}.get(orientation, orientation))  # the inverse turn
    turned = png_with_chunk(png(stored), b"eXIf", exif(orientation))
    answer = people.post("/analyze", content=turned)
    assert answer.json() == post(people, "/analyze", GROUP)


@pytest.mark.parametrize("size", [(1536, 1024), (768, 512)])
def test_a_large_jpeg_is_decoded_small_for_detector_and_crops_alike(
    people: httpx.Client, size: tuple[int, int]
) -> None:
    large = cv2.resize(GROUP.photo, size, interpolation=cv2.INTER_NEAREST)
    data = cv2.imencode(".png", large[..., ::-1])[1].tobytes()
    answer = people.post("/analyze", content=data).json()
    scale = size[0] // 384
    assert [person["box"] for person in answer["people"]] == [[scale * side for side in f.box] for f in IN_ORDER]


def test_people_are_in_order_also_if_not_the_largest_fills_the_photo(people: httpx.Client) -> None:
    broad, tall = Figure(60, 100, 150, 230), Figure(4, 4, 24, 376)
    scene = draw(broad, tall, width=256, height=384)
    answer = post(people, "/analyze", scene)
    assert [person["box"] for person in answer["people"]] == [broad.box, tall.box]
    instances = plane_of(base64.b64decode(answer["instances"]))
    for person, figure in zip(answer["people"], (broad, tall), strict=True):
        middle = instances[figure.y + figure.height // 2, figure.x + figure.width // 2]
        assert middle == person["index"]


def test_whom_the_model_does_not_see_is_there_without_labels(people: httpx.Client) -> None:
    unseen = Figure(150, 10, 100, 230)
    scene = draw(unseen, LEFT, RIGHT)
    scene.photo[scene.people == 1, 0] = 32  # the detector's, and to the model background
    answer = post(people, "/analyze", scene)
    boxes = [(person["index"], person["box"]) for person in answer["people"]]
    assert boxes == [(1, unseen.box), (2, LEFT.box), (3, RIGHT.box)]
    assert [bool(person["labels"]) for person in answer["people"]] == [False, True, True]
    instances = plane_of(base64.b64decode(answer["instances"]))
    assert_shows(instances, np.array([0, 0, 2, 3], np.uint8)[scene.people])


@pytest.mark.parametrize("call", ["/parse?format=overlay&opacity=0", "/pose?format=overlay", "/analyze?format=overlay"])
def test_of_several_people_each_has_an_outline_of_another_colour(people: httpx.Client, call: str) -> None:
    answer = people.post(call, content=GROUP.png, headers={"Accept": "image/png"})
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    for color, number in zip(bone_colors(3), NUMBERS, strict=True):
        drawn = (picture == color).all(axis=2)
        near = grown(GROUP.people == number, 10)
        assert (drawn & near).sum() > 20
        assert color in bone_colors(2) or not (drawn & ~near).any()


def test_one_person_has_no_outline(people: httpx.Client) -> None:
    scene = draw(LEFT)
    answer = people.post("/parse?format=overlay&opacity=0", content=scene.png, headers={"Accept": "image/png"})
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(picture, scene.photo)


def test_the_model_names_its_detector(people: httpx.Client, plain: httpx.Client) -> None:
    assert plain.get("/model").json()["detector"] is None
    answer = people.get("/model").json()
    assert answer["max_people"] == 10
    assert {name: answer["detector"][name] for name in ("name", "version", "license", "input_side", "threshold")} == {
        "name": "toy-detect",
        "version": "0.1",
        "license": "CC0-1.0",
        "input_side": 157,
        "threshold": 0.3,
    }
