"""Several people in one photo: the client says where, and gets an answer per person and one mask of all."""

import base64

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest

from tests.helpers.assertions import assert_problem
from tests.helpers.masks import assert_is_mask_of, ids_of
from tests.helpers.plain_rle import decode
from tests.helpers.toy_model import paint, png

Image = npt.NDArray[np.uint8]

# Two people side by side with shirts (1), the right one with hair (3). A box of 74×98 and its margin of 15 % are 96×128
# pixels: two to an input pixel, four to a cell of the grid. Every part lies on whole cells, so every answer is exact.
LEFT, RIGHT = (51, 39, 74, 98), (251, 31, 74, 98)
PHOTO = paint(400, 260, {1: (60, 60, 40, 40)})
PHOTO[60:108, 264:300] = paint(36, 48, {1: (0, 0, 36, 48)})
PHOTO[32:52, 272:292] = paint(20, 20, {3: (0, 0, 20, 20)})


def query(*boxes: tuple[float, ...]) -> str:
    return "&".join("box=" + ",".join(map(str, box)) for box in boxes)


def post(client: httpx.Client, call: str) -> httpx.Response:
    answer = client.post(call, content=png(PHOTO))
    assert answer.status_code == 200, answer.text
    return answer


def test_each_box_is_a_person_in_pixels_of_the_photo(client: httpx.Client) -> None:
    people = post(client, f"/pose?{query(LEFT, RIGHT)}").json()["people"]
    assert [person["region"] for person in people] == [0, 1]
    for person, chest in zip(people, [(79.5, 79.5), (281.5, 83.5)], strict=True):
        found = person["keypoints"][0]
        assert (found["x"], found["y"]) == chest
    assert [person["keypoints"][2]["score"] for person in people] == [0, 1], "hair has only the one on the right"


def test_the_order_is_the_order_of_the_boxes(client: httpx.Client) -> None:
    people = post(client, f"/pose?{query(RIGHT, LEFT)}").json()["people"]
    assert people[0]["keypoints"][0]["x"] > people[1]["keypoints"][0]["x"]


def test_a_box_with_nobody_in_it_has_a_region_and_no_person(client: httpx.Client) -> None:
    answer = post(client, f"/analyze?{query((150, 190, 30, 60), RIGHT)}").json()
    assert [person["region"] for person in answer["people"]] == [1]
    assert [[label["name"] for label in region["labels"]] for region in answer["regions"]] == [
        ["background"],
        ["background", "shirt", "hair"],
    ]


def test_the_mask_is_of_all_people_and_of_the_photos_size(client: httpx.Client) -> None:
    ids = ids_of(post(client, f"/parse?{query(LEFT, RIGHT)}").content)
    assert_is_mask_of(ids, PHOTO)
    only_left = ids_of(post(client, f"/parse?{query(LEFT)}").content)
    assert not only_left[:, 200:].any()
    np.testing.assert_array_equal(only_left[:, :150], ids[:, :150])


def test_each_regions_mask_is_its_cut_of_the_whole(client: httpx.Client) -> None:
    answer = post(client, f"/parse?format=json&{query(LEFT, RIGHT)}").json()
    whole = ids_of(base64.b64decode(answer["mask"]))
    lengths = post(client, f"/parse?format=json&mask=rle&{query(LEFT, RIGHT)}").json()
    assert [region["box"] for region in answer["regions"]] == [[40, 24, 96, 128], [240, 16, 96, 128]]
    for region, runs in zip(answer["regions"], lengths["regions"], strict=True):
        x, y, width, height = region["box"]
        cut = whole[y : y + height, x : x + width]
        np.testing.assert_array_equal(ids_of(base64.b64decode(region["mask"])), cut)
        assert "mask" not in runs
        for label, run in zip(region["labels"], runs["labels"], strict=True):
            assert label["pixels"] == (cut == label["id"]).sum()
            assert label["share"] == pytest.approx(label["pixels"] / cut.size, abs=1e-6)
            np.testing.assert_array_equal(decode(run["rle"]["counts"], height, width), cut == label["id"])
    shirt = answer["regions"][1]["labels"][1]
    rows, columns = np.nonzero(whole[:, 200:] == 1)
    assert shirt["box"] == [*(columns.min() + 200, rows.min()), np.ptp(columns) + 1, np.ptp(rows) + 1]


def test_without_boxes_there_are_no_regions(client: httpx.Client) -> None:
    answer = post(client, "/analyze").json()
    assert "regions" not in answer
    assert "region" not in answer["people"][0]


def test_pictures_show_everybody(client: httpx.Client) -> None:
    cutout = post(client, f"/parse?format=cutout&{query(LEFT, RIGHT)}").content
    alpha = cv2.imdecode(np.frombuffer(cutout, np.uint8), cv2.IMREAD_UNCHANGED)[..., 3]
    assert (alpha[80, 80], alpha[84, 282], alpha[80, 180]) == (255, 255, 0)


def test_coco_has_a_result_per_person(client: httpx.Client) -> None:
    results = post(client, f"/pose?format=coco&{query(LEFT, RIGHT)}").json()
    people = post(client, f"/pose?{query(LEFT, RIGHT)}").json()["people"]
    assert [result["bbox"] for result in results] == [person["box"] for person in people]


def test_a_box_that_reaches_beyond_the_photo_is_cut_and_may_have_fractions(client: httpx.Client) -> None:
    (region,) = post(client, f"/parse?format=json&{query((300.5, -10, 450, 1000))}").json()["regions"]
    assert region["box"] == [232, 0, 168, 260]


def test_another_box_is_another_answer(client: httpx.Client) -> None:
    tags = {post(client, f"/pose?{boxes}").headers["ETag"] for boxes in (query(LEFT), query(RIGHT), "")}
    assert len(tags) == 3


@pytest.mark.parametrize(
    "box",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", "1,2,3,-4", "nan,0,5,5", "1e9,0,5,5", "1_0,0,5,5", "٣,0,5,5"],
)
def test_what_is_no_box_is_named(client: httpx.Client, box: str) -> None:
    answer = client.post("/pose", params={"box": ["1,2,3,4", box]}, content=png(PHOTO))
    assert_problem(answer, 422, "invalid-box", f"“{box}” is no box")


@pytest.mark.parametrize("box", ["0.1,0.1,0.5,0.8", "0,0,1,1"])
def test_a_box_in_shares_of_the_photo_is_named(client: httpx.Client, box: str) -> None:
    answer = client.post("/pose", params={"box": box}, content=png(PHOTO))
    assert_problem(
        answer, 422, "invalid-box", "in pixels of the upright photo: multiply shares by its width and height"
    )


def test_a_box_outside_the_photo_is_named(client: httpx.Client) -> None:
    answer = client.post(f"/pose?{query(LEFT, (400, 0, 25, 25))}", content=png(PHOTO))
    assert_problem(answer, 422, "box-outside", "Box 2 (400, 0, 25, 25) lies outside the photo, which is 400×260 pixels")


def test_too_many_boxes_are_too_many(client: httpx.Client) -> None:
    answer = client.post(f"/pose?{query(*[LEFT] * 33)}", content=png(PHOTO))
    assert_problem(answer, 422, "invalid-box", "at most 32")


def test_boxes_that_are_too_much_for_one_call_are_refused(client: httpx.Client) -> None:
    whole = (0, 0, 400, 400)
    photo = png(paint(400, 400, {1: (60, 60, 40, 40)}))  # of the 200,000 pixels that the largest may have
    assert client.post(f"/parse?format=json&{query(*[whole] * 5)}", content=photo).status_code == 200
    answer = client.post(f"/parse?format=json&{query(*[whole] * 6)}", content=photo)
    assert_problem(answer, 422, "boxes-too-large", "have 960,000 pixels in all; one call takes at most 800,000")
