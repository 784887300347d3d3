"""Every format says the same of a photo: pictures, planes, lists; and only of the labels that are wanted."""

import base64
from itertools import pairwise
from typing import Any

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest

from tests.helpers.masks import PHOTO, assert_is_mask_of, ids_of
from tests.helpers.plain_rle import decode
from tests.helpers.toy_model import COLORS, LABELS, paint, png

Image = npt.NDArray[np.uint8]

PLACES = {1: (100, 70), 2: (180, 80), 3: (30, 80)}
"""A row and a column well within each label."""


def post(client: httpx.Client, call: str, accept: str = "*/*", photo: Image = PHOTO) -> httpx.Response:
    answer = client.post(call, content=png(photo), headers={"accept": accept})
    assert answer.status_code == 200, answer.text
    return answer


def picture_of(data: bytes, flags: int = cv2.IMREAD_COLOR_RGB) -> Image:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def test_ids_are_the_pixel_values_of_a_grey_picture(client: httpx.Client) -> None:
    ids = picture_of(post(client, "/parse?format=ids").content, cv2.IMREAD_UNCHANGED)
    assert_is_mask_of(ids, PHOTO)
    np.testing.assert_array_equal(ids, ids_of(post(client, "/parse").content))


def test_an_overlay_mixes_photo_and_colors(client: httpx.Client) -> None:
    shown = picture_of(post(client, "/parse?format=overlay&opacity=0.25", "image/png").content).astype(float)
    np.testing.assert_array_equal(shown[10, 10], PHOTO[10, 10])
    for label, place in PLACES.items():
        mixed = 0.75 * PHOTO[place].astype(float) + 0.25 * np.array(COLORS[label])
        np.testing.assert_allclose(shown[place], mixed, atol=0.5)


def test_an_overlay_of_no_opacity_is_the_photo(client: httpx.Client) -> None:
    shown = picture_of(post(client, "/parse?format=overlay&opacity=0", "image/png").content)
    np.testing.assert_array_equal(shown, PHOTO)


@pytest.mark.parametrize("path", ["/parse", "/pose", "/analyze"])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("*/*", "image/jpeg"), ("image/*", "image/jpeg"), ("image/png", "image/png"), ("text/html", "image/jpeg")],
)
def test_an_overlay_is_a_jpeg_unless_a_png_is_preferred(
    client: httpx.Client, path: str, accept: str, media_type: str
) -> None:
    answer = post(client, f"{path}?format=overlay", accept)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["vary"] == "Accept"
    assert picture_of(answer.content).shape == PHOTO.shape


def test_a_cutout_is_the_person_and_nothing_else(client: httpx.Client) -> None:
    picture = picture_of(post(client, "/parse?format=cutout").content, cv2.IMREAD_UNCHANGED)
    alpha = picture[..., 3]
    assert ((alpha >= 128) == (ids_of(post(client, "/parse").content) > 0)).mean() > 0.99
    np.testing.assert_array_equal(picture[alpha > 0][:, 2::-1], PHOTO[alpha > 0])
    assert not picture[alpha == 0].any()


def test_a_cutout_of_chosen_labels(client: httpx.Client) -> None:
    alpha = picture_of(post(client, "/parse?format=cutout&labels=hair,0").content, cv2.IMREAD_UNCHANGED)[..., 3]
    assert (alpha[10, 10], alpha[PLACES[3]], alpha[PLACES[1]], alpha[PLACES[2]]) == (255, 255, 0, 0)


@pytest.mark.parametrize("labels", ["labels=shirt,hair", "labels=3&labels=1", "labels=Hair, 1"])
def test_labels_are_chosen_by_name_or_id(client: httpx.Client, labels: str) -> None:
    whole = ids_of(post(client, "/parse").content)
    chosen = np.where(np.isin(whole, [1, 3]), whole, 0)
    np.testing.assert_array_equal(ids_of(post(client, f"/parse?{labels}").content), chosen)
    ids = picture_of(post(client, f"/parse?format=ids&{labels}").content, cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(ids, chosen)
    for call in ("/parse?format=json", "/analyze?format=json"):
        answer = post(client, f"{call}&{labels}").json()
        assert [label["id"] for label in answer["labels"]] == [1, 3]
        np.testing.assert_array_equal(ids_of(base64.b64decode(answer["mask"])), chosen)
    overlay = picture_of(post(client, f"/parse?format=overlay&opacity=1&{labels}", "image/png").content)
    assert overlay[PLACES[3]].tolist() == list(COLORS[3])
    np.testing.assert_array_equal(overlay[PLACES[2]], PHOTO[PLACES[2]])


def test_hugging_faces_list(client: httpx.Client) -> None:
    segments = post(client, "/parse?format=hf", photo=paint(192, 256, {1: (40, 80, 80, 80)}, confidence=204)).json()
    assert [(segment["label"], segment["score"]) for segment in segments] == [("background", 0.8), ("shirt", 0.8)]
    planes = [picture_of(base64.b64decode(segment["mask"]), cv2.IMREAD_UNCHANGED) for segment in segments]
    assert set(np.unique(planes[1])) == {0, 255}
    np.testing.assert_array_equal(planes[0], 255 - planes[1])
    assert planes[1][120, 80] == 255
    only = post(client, "/parse?format=hf&labels=hair").json()
    assert [segment["label"] for segment in only] == ["hair"]


@pytest.mark.parametrize("path", ["/parse?format=json", "/analyze?format=json"])
def test_run_lengths_decode_to_the_mask(client: httpx.Client, path: str) -> None:
    answer = post(client, f"{path}&mask=rle").json()
    assert "mask" not in answer
    whole = ids_of(post(client, "/parse").content)
    for label in answer["labels"]:
        assert label["rle"]["size"] == [256, 192]
        np.testing.assert_array_equal(decode(label["rle"]["counts"], 256, 192), whole == label["id"])
    assert [label["name"] for label in answer["labels"]] == list(LABELS)
    assert all("rle" not in label for label in post(client, path).json()["labels"])


def test_coco_results_and_their_category(client: httpx.Client) -> None:
    photo = paint(192, 256, {1: (40, 80, 80, 80), 3: (64, 16, 32, 40)})
    (result,) = post(client, "/pose?format=coco&image_id=139", photo=photo).json()
    assert (result["image_id"], result["category_id"], result["bbox"]) == (139, 1, [40, 16, 80, 144])
    (person,) = post(client, "/pose", photo=photo).json()["people"]
    assert result["score"] == person["score"]
    for joint, (x, y, v) in zip(person["keypoints"], triples(result["keypoints"]), strict=True):
        assert (x, y, v) == (joint["x"], joint["y"], 2 if joint["score"] else 0)
    (category,) = client.get("/model").json()["coco_categories"]
    assert category == {"id": 1, "name": "person", "keypoints": ["chest", "knee", "head"], "skeleton": [[3, 1], [1, 2]]}


def triples(numbers: list[float]) -> list[Any]:
    return [tuple(numbers[start:end]) for start, end in pairwise(range(0, len(numbers) + 1, 3))]


def test_nobody_is_an_empty_list_of_coco_results(client: httpx.Client) -> None:
    assert post(client, "/pose?format=coco", photo=paint(192, 256, {})).json() == []


def test_the_skeleton_is_drawn_over_the_photo(client: httpx.Client) -> None:
    """The bone from the chest (79.5, 119.5) to the head (79.5, 35.5) passes (79, 70)."""
    shown = picture_of(post(client, "/pose?format=overlay", "image/png").content)
    assert (shown[70, 79] != PHOTO[70, 79]).any()
    np.testing.assert_array_equal(shown[:, :60], PHOTO[:, :60])


def test_the_overlay_of_both_has_colors_and_skeleton(client: httpx.Client) -> None:
    both = picture_of(post(client, "/analyze?format=overlay&opacity=1", "image/png").content)
    parts = picture_of(post(client, "/parse?format=overlay&opacity=1", "image/png").content)
    assert both[PLACES[1]].tolist() == list(COLORS[1]) == parts[PLACES[1]].tolist()
    assert (both[70, 79] != parts[70, 79]).any()
