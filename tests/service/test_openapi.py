"""The OpenAPI document says all that a generated client needs: bodies, answers, problems, headers."""

import re
from typing import Any

import httpx
import pytest

from service.api.problems.types import CONNECTION_PROBLEMS, PROBLEM_TYPES
from service.api.response.formats import ANALYZE, PARSE, POSE, Formats

PHOTO_CALLS = ("/parse", "/pose", "/analyze")


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, list):
            return [found for item in node for found in references(item)]
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for item in node.values() for found in references(item)]
        return []

    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= schemas


@pytest.mark.parametrize("path", PHOTO_CALLS)
def test_a_photo_may_come_raw_or_in_a_form(document: dict[str, Any], path: str) -> None:
    body = document["paths"][path]["post"]["requestBody"]
    assert body["required"]
    pictures = {f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "avif", "heic")}
    assert {"multipart/form-data", "application/json"} | pictures == set(body["content"])


@pytest.mark.parametrize("path", PHOTO_CALLS)
def test_every_problem_is_documented_with_its_type(document: dict[str, Any], path: str) -> None:
    responses = document["paths"][path]["post"]["responses"]
    assert set(responses) == {"200", "304", "400", "404", "406", "408", "413", "415", "422", "431", "500", "503", "504"}
    for status, response in responses.items():
        if status in ("200", "304"):
            assert {"ETag", "X-Request-ID"} <= set(response["headers"])
        else:
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for name, example in content["examples"].items():
                assert example["value"]["type"] == f"urn:jppnet:problem:{name}"
    assert all("Retry-After" in responses[status]["headers"] for status in ("503", "504"))


@pytest.mark.parametrize(
    ("path", "schemas"),
    [("/parse", ["ParseAnswer", "Segment"]), ("/pose", ["PoseAnswer", "CocoResult"]), ("/analyze", ["AnalyzeAnswer"])],
)
def test_a_photos_answer_is_a_picture_or_json(document: dict[str, Any], path: str, schemas: list[str]) -> None:
    content = document["paths"][path]["post"]["responses"]["200"]["content"]
    assert set(content) == {"image/png", "image/jpeg", "application/json"}
    for schema in schemas:
        assert f"#/components/schemas/{schema}'" in str(content["application/json"]["schema"])


@pytest.mark.parametrize(("path", "formats"), [("/parse", PARSE), ("/pose", POSE), ("/analyze", ANALYZE)])
def test_every_format_is_documented(document: dict[str, Any], path: str, formats: Formats) -> None:
    (parameter,) = (found for found in document["paths"][path]["post"]["parameters"] if found["name"] == "format")
    assert parameter["schema"]["anyOf"][0]["enum"] == list(formats)
    assert all(f"**{name}**" in parameter["description"] for name in formats)


def test_the_timeout_header_is_a_parameter(document: dict[str, Any]) -> None:
    names = {parameter["name"] for parameter in document["paths"]["/pose"]["post"]["parameters"]}
    assert names == {"format", "box", "people", "image_id", "If-None-Match", "X-Request-Timeout-Ms"}


def test_docs_are_served_with_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").text
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"|url: '([^']+)'", page)
    assert len(addresses) == 4  # icon, style, script, document
    for address in map("".join, addresses):
        assert "//" not in address
        assert client.get(f"/{address}").status_code == 200


def test_the_example_photo_is_answered(client: httpx.Client, document: dict[str, Any]) -> None:
    for example in document["components"]["schemas"]["JsonPhoto"]["properties"]["image"]["examples"]:
        answer = client.post("/analyze", json={"image": example})
        assert answer.json()["image"] == {"width": 1, "height": 1}


def test_every_kind_of_problem_has_an_example() -> None:
    types = (*PROBLEM_TYPES.values(), *CONNECTION_PROBLEMS)
    assert [it.slug for it in types if not it.example.endswith(".")] == []
    assert len({it.slug for it in types}) == len(types)
