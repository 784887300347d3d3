"""Options are the same in the query, in a form and in JSON; those that no call has, or that contradict, are refused."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.helpers.assertions import assert_problem
from tests.helpers.masks import PHOTO
from tests.helpers.toy_model import png

DATA = png(PHOTO)
TEXT = base64.b64encode(DATA).decode()

Send = Callable[[httpx.Client, str, Mapping[str, Any]], httpx.Response]

PLACES: dict[str, Send] = {
    "query": lambda client, path, options: client.post(path, params=options, content=DATA),
    "form": lambda client, path, options: client.post(path, files={"image": DATA}, data=options),
    "URL-encoded form": lambda client, path, options: client.post(path, data={**options, "image": TEXT}),
    "JSON": lambda client, path, options: client.post(path, json={**options, "image": TEXT}),
    "compressed form": lambda client, path, options: _compressed(client, path, options),
}


def _compressed(client: httpx.Client, path: str, options: Mapping[str, Any]) -> httpx.Response:
    import gzip

    form = httpx.Request("POST", "http://x", files={"image": DATA}, data=dict(options))
    headers = {"content-encoding": "gzip", "content-type": form.headers["content-type"]}
    return client.post(path, content=gzip.compress(form.read()), headers=headers)


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("/parse", {"format": "json"}),
    ("/parse", {"format": "json", "labels": "hair,1", "mask": "rle"}),
    ("/parse", {"format": "json", "labels": ["hair", "shirt"]}),
    ("/parse", {"format": "json", "box": "40,80,80,80"}),
    ("/parse", {"format": "json", "box": ["40,80,80,80", "64,16,32,40"]}),
    ("/parse", {"format": "overlay", "opacity": 0.25}),
    ("/parse", {"format": "coco", "image_id": 139}),
    ("/parse", {"people": "one"}),
    ("/pose", {"format": "coco", "people": 2, "image_id": 7}),
    ("/pose", {"format": "overlay"}),
    ("/analyze", {"format": "overlay", "labels": "hair", "opacity": 1}),
]


@pytest.mark.parametrize(("path", "options"), OPTIONS)
def test_an_option_means_the_same_wherever_it_stands(client: httpx.Client, path: str, options: dict[str, Any]) -> None:
    answers = {place: send(client, path, options) for place, send in PLACES.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert len({answer.headers["etag"] for answer in answers.values()}) == 1
    assert len({answer.content for answer in answers.values()}) == 1
    plain = client.post(path, content=DATA)
    assert options == {"people": "one"} or plain.headers["etag"] != answers["query"].headers["etag"]


def test_a_box_in_json_may_be_numbers(client: httpx.Client) -> None:
    truth = client.post("/pose?box=40,80,80,80", content=DATA).content
    for box in ([40, 80, 80, 80], [[40, 80, 80, 80]], "40,80,80,80", ["40,80,80,80"], [40.0, 80.0, 80, 80]):
        assert client.post("/pose", json={"image": TEXT, "box": box}).content == truth


def test_options_may_stand_in_both_places(client: httpx.Client) -> None:
    truth = client.post("/parse?format=json&labels=hair", content=DATA).content
    for send in (PLACES["form"], PLACES["URL-encoded form"], PLACES["JSON"]):
        assert send(client, "/parse?format=json", {"labels": "hair"}).content == truth
        assert send(client, "/parse?format=json&labels=hair", {"labels": "hair", "format": "json"}).content == truth
    assert PLACES["JSON"](client, "/parse?labels=hair,shirt", {"labels": ["hair", "shirt"]}).status_code == 200


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("path", "name", "near"),
    [
        ("/parse", "label", "Did you mean “labels”?"),
        ("/parse", "Format", "Did you mean “format”?"),
        ("/parse", "boxes", "Did you mean “box”?"),
        ("/parse", "colour", "Its options are format, box, people, labels, opacity, mask, image_id."),
        ("/pose", "labels", "Its options are format, box, people, image_id."),
        ("/analyze", "image_id", "Its options are format, box, people, labels, opacity, mask."),
    ],
)
def test_an_option_that_the_call_does_not_have_is_refused(
    client: httpx.Client, place: str, path: str, name: str, near: str
) -> None:
    for _ in range(2):  # the second from the cache of parameters, if it were there
        answer = PLACES[place](client, path, {name: "1"})
        assert_problem(answer, 422, "unknown-option", f"no option “{name}”")
        assert near in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "query", "options", "words"),
    [
        ("/parse", "format=json", {"format": "mask"}, "“format” is json in the query and mask in the "),
        ("/parse", "labels=hair", {"labels": "shirt"}, "“labels” is hair in the query and shirt in the "),
        ("/pose", "box=1,2,3,4", {"box": "5,6,7,8"}, "“box” is 1,2,3,4 in the query and 5,6,7,8 in the "),
    ],
)
@pytest.mark.parametrize("place", ["form", "JSON", "URL-encoded form"])
def test_options_that_contradict_are_refused(
    client: httpx.Client, place: str, path: str, query: str, options: dict[str, Any], words: str
) -> None:
    answer = PLACES[place](client, f"{path}?{query}", options)
    assert_problem(answer, 422, "contradicting-options", words)


@pytest.mark.parametrize("value", [True, None, {"a": 1}, [[1, 2, 3, 4]], [{"x": 1}]])
def test_an_unknown_name_in_json_is_said_whatever_its_value(client: httpx.Client, value: Any) -> None:
    answer = PLACES["JSON"](client, "/parse", {"boxes": value})
    assert_problem(answer, 422, "unknown-option", "no option “boxes”, which the JSON has. Did you mean “box”?")


@pytest.mark.parametrize("name", ["format", "labels", "people", "box", "opacity", "mask", "image_id"])
@pytest.mark.parametrize("value", [True, {"a": 1}, [[["1"]]], [None]])
def test_what_no_option_takes_is_refused(client: httpx.Client, name: str, value: Any) -> None:
    answer = PLACES["JSON"](client, "/parse", {name: value})
    assert answer.status_code == 422
    assert answer.json()["type"].split(":")[-1] in {
        "invalid-request",
        "invalid-box",
        "unknown-label",
        "contradicting-options",
    }


def test_an_option_that_is_given_twice_is_refused(client: httpx.Client) -> None:
    answer = client.post("/parse?format=json&format=mask", content=DATA)
    assert_problem(answer, 422, "contradicting-options", "The query has the option “format” as json and as mask")
    assert client.post("/parse?format=json&format=json", content=DATA).status_code == 200
    answer = client.post("/parse", files={"image": DATA}, data={"opacity": ["1", "0"]})
    assert_problem(answer, 422, "contradicting-options", "The form has the option “opacity” as 0 and as 1")


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        ({"opacity": "7"}, "invalid-request", "opacity: Input should be less than or equal to 1, not “7”."),
        ({"format": " json "}, "invalid-request", "or 'hf', not “ json ”."),
        ({"image_id": str(2**53)}, "invalid-request", "image_id: Input should be less than"),
        ({"box": "1,2,3"}, "invalid-box", "“1,2,3” is no box"),
        ({"labels": "cape"}, "unknown-label", "no label “cape”"),
        ({"labels": "e" * 3000}, "unknown-label", f"no label “{'e' * 64}…”. "),
        ({"box": "1,2,3,4", "people": "one"}, "boxes-and-people", "The request has box= and people=one"),
    ],
)
@pytest.mark.parametrize("place", PLACES)
def test_a_value_that_cannot_be_is_named(
    client: httpx.Client, place: str, options: dict[str, Any], name: str, words: str
) -> None:
    assert_problem(PLACES[place](client, "/parse", options), 422, name, words)


def test_a_format_in_the_body_comes_before_the_header_accept(client: httpx.Client) -> None:
    for place in ("form", "JSON", "query"):
        send = PLACES[place]
        answer = send(client, "/pose", {"format": "overlay"})
        assert answer.headers["content-type"] == "image/jpeg"
    answer = client.post("/pose", files={"image": DATA}, data={"format": "overlay"}, headers={"accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    answer = client.post("/pose", files={"image": DATA}, headers={"accept": "image/png"})
    assert_problem(answer, 406, "not-acceptable", "application/json")


def test_an_options_value_that_is_too_long_is_refused_and_not_kept(client: httpx.Client) -> None:
    answer = client.post("/parse", files={"image": DATA, "labels": (None, "hair," * 20_000)})
    assert answer.status_code in (413, 422)


def test_the_document_names_every_option_in_every_place(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/parse", "/pose", "/analyze"):
        call = document["paths"][path]["post"]
        names = {parameter["name"] for parameter in call["parameters"] if parameter["in"] == "query"}
        content = call["requestBody"]["content"]
        assert set(content["multipart/form-data"]["schema"]["properties"]) == names | {"image"}
        _, options = content["application/json"]["schema"]["allOf"]
        assert set(options["properties"]) == names
