"""What a client gets for a photo: the mask and the joints, in pixels of the upright photo."""

import base64
from typing import Any

import httpx
import numpy as np
import pytest

from tests.helpers.masks import PHOTO, assert_is_mask_of, ids_of
from tests.helpers.oriented_files import jpeg_with_exif
from tests.helpers.toy_model import JOINTS, jpeg, paint, png

# Four photo pixels to an input pixel, boxes on whole grid cells (eight photo pixels): every answer is exact.


def test_parse_answers_with_a_mask_of_the_photos_size(client: httpx.Client) -> None:
    answer = client.post("/parse", content=png(PHOTO))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert_is_mask_of(ids_of(answer.content), PHOTO)


@pytest.mark.parametrize("encode", [png, jpeg])
@pytest.mark.parametrize("field", ["image", "file", None])
def test_a_photo_is_taken_raw_or_from_a_form(client: httpx.Client, encode: Any, field: str | None) -> None:
    data = encode(PHOTO)
    answer = client.post("/parse", **({"files": {field: ("p", data)}} if field else {"content": data}))
    assert_is_mask_of(ids_of(answer.content), PHOTO)


def test_curls_default_content_type_does_no_harm(client: httpx.Client) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/parse", content=png(PHOTO), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", None, "image/png"),
        ("", "*/*", "image/png"),
        ("", "image/avif,image/webp,image/*,*/*;q=0.8", "image/png"),
        ("", "application/json", "application/json"),
        ("", "application/json, image/png;q=0.5", "application/json"),
        ("?format=json", None, "application/json"),
        ("?format=json", "image/png", "application/json"),
        ("?format=mask", "application/json", "image/png"),
    ],
)
def test_the_format_is_negotiated(client: httpx.Client, query: str, accept: str | None, media_type: str) -> None:
    answer = client.post(f"/parse{query}", content=png(PHOTO), headers={"accept": accept} if accept else {})
    assert answer.headers["content-type"] == media_type


def test_parse_as_json_names_measures_and_locates_each_label(client: httpx.Client) -> None:
    photo = paint(192, 256, {1: (40, 80, 80, 80)}, confidence=204)
    answer = client.post("/parse?format=json", content=png(photo)).json()
    assert answer["model"] == {"name": "toy", "version": "1.2"}
    assert answer["image"] == {"width": 192, "height": 256}
    background, shirt = answer["labels"]
    assert (background["id"], background["name"], background["box"]) == (0, "background", [0, 0, 192, 256])
    assert (shirt["id"], shirt["name"], shirt["color"]) == (1, "shirt", [250, 0, 0])
    assert shirt["box"] == [40, 80, 80, 80]
    assert shirt["pixels"] == pytest.approx(80 * 80, rel=0.01)
    assert shirt["share"] == pytest.approx(shirt["pixels"] / (192 * 256), abs=1e-6)
    assert shirt["confidence"] == 0.8
    assert background["pixels"] + shirt["pixels"] == 192 * 256
    ids = ids_of(base64.b64decode(answer["mask"]))
    assert (ids == 1).sum() == shirt["pixels"]


def test_pose_names_each_joint_in_photo_pixels(client: httpx.Client) -> None:
    answer = client.post("/pose", content=png(PHOTO)).json()
    assert answer["image"] == {"width": 192, "height": 256}
    (person,) = answer["people"]
    # A box of w pixels from x on has its centroid at x + (w − 1) / 2.
    assert person["keypoints"] == [
        {"name": "chest", "x": 79.5, "y": 119.5, "score": 1.0},
        {"name": "knee", "x": 83.5, "y": 199.5, "score": 1.0},
        {"name": "head", "x": 79.5, "y": 35.5, "score": 1.0},
    ]
    assert person["box"] == [40, 16, 80, 224]
    assert person["score"] == 1.0
    assert answer["skeleton"] == [[2, 0], [0, 1]]


def test_a_letterboxed_photo_keeps_its_coordinates(client: httpx.Client) -> None:
    """A photo twice as wide as high has padding above and below in the input."""
    photo = paint(384, 192, {1: (80, 64, 64, 64)})
    answer = client.post("/analyze", content=png(photo)).json()
    (person,) = answer["people"]
    assert (person["keypoints"][0]["x"], person["keypoints"][0]["y"]) == (111.5, 95.5)
    assert answer["labels"][1]["box"] == [80, 64, 64, 64]


def test_nobody_there_is_an_empty_list(client: httpx.Client) -> None:
    answer = client.post("/pose", content=png(paint(192, 256, {})))
    assert answer.status_code == 200
    assert answer.json()["people"] == []


def test_joints_stay_within_the_photo(client: httpx.Client) -> None:
    """The toy puts joints without a label at the input's corner, which is padding for a photo this wide."""
    answer = client.post("/pose", content=png(paint(384, 192, {1: (80, 64, 64, 64)}))).json()
    knee = answer["people"][0]["keypoints"][1]
    assert (knee["x"], knee["y"], knee["score"]) == (3.5, 0.0, 0.0)


def test_a_speck_far_away_does_not_widen_the_persons_box(client: httpx.Client) -> None:
    photo = PHOTO.copy()
    photo[248:, :8, 0] = 64 * 3 + 32
    assert client.post("/pose", content=png(photo)).json()["people"][0]["box"] == [40, 16, 80, 224]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_coordinates_are_those_of_the_upright_photo(client: httpx.Client, orientation: int) -> None:
    stored = {
        1: lambda upright: upright,
        2: lambda upright: upright[:, ::-1],
        3: lambda upright: upright[::-1, ::-1],
        4: lambda upright: upright[::-1],
        5: lambda upright: upright.transpose(1, 0, 2),
        6: lambda upright: np.rot90(upright),
        7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
        8: lambda upright: np.rot90(upright, -1),
    }[orientation](PHOTO)
    answer = client.post("/analyze", content=jpeg_with_exif(np.ascontiguousarray(stored), orientation)).json()
    assert answer["image"] == {"width": 192, "height": 256}
    assert answer["people"][0]["box"] == [40, 16, 80, 224]
    head = answer["people"][0]["keypoints"][2]
    assert (head["x"], head["y"]) == pytest.approx((79.5, 35.5), abs=0.5)
    assert_is_mask_of(ids_of(base64.b64decode(answer["mask"])), PHOTO)


def test_analyze_says_what_parse_and_pose_say(client: httpx.Client) -> None:
    parse, pose, both = (
        client.post(path, content=png(PHOTO)).json() for path in ("/parse?format=json", "/pose", "/analyze")
    )
    assert both == parse | pose


def test_model_is_the_card_and_what_runs_it(client: httpx.Client) -> None:
    model = client.get("/model").json()
    assert (model["name"], model["version"], model["license"]) == ("toy", "1.2", "CC0-1.0")
    assert model["labels"][1] == {"id": 1, "name": "shirt", "color": [250, 0, 0]}
    assert model["joints"] == list(JOINTS)
    assert model["metrics"]["mIoU"] == 1.0
    assert model["input"] == {"width": 48, "height": 64}
    assert (model["provider"], model["lanes"]) == ("cpu", 2)
    assert "golden" not in model


def test_health(client: httpx.Client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_a_request_id_is_given_or_kept(client: httpx.Client) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    given = client.get("/livez").headers["X-Request-ID"]
    assert len(given) == 32
    assert client.get("/livez", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] not in ("a b", given)
