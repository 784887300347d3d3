"""The OpenAPI document says all that a generated client needs: bodies, answers, problems, headers."""

from typing import Any

import httpx
import pytest

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
    assert {"multipart/form-data", "image/jpeg", "image/png", "image/webp"} <= set(body["content"])


@pytest.mark.parametrize("path", PHOTO_CALLS)
def test_every_problem_is_documented_with_its_type(document: dict[str, Any], path: str) -> None:
    responses = document["paths"][path]["post"]["responses"]
    assert set(responses) == {"200", "400", "406", "413", "415", "422", "500", "503", "504"}
    for status, response in responses.items():
        if status != "200":
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for name, example in content["examples"].items():
                assert example["value"]["type"] == f"urn:jppnet:problem:{name}"
    assert "Retry-After" in responses["503"]["headers"]


def test_parse_answers_with_a_picture_or_json(document: dict[str, Any]) -> None:
    content = document["paths"]["/parse"]["post"]["responses"]["200"]["content"]
    assert set(content) == {"image/png", "application/json"}
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/ParseAnswer"}


def test_the_timeout_header_is_a_parameter(document: dict[str, Any]) -> None:
    names = {parameter["name"] for parameter in document["paths"]["/pose"]["post"]["parameters"]}
    assert names == {"X-Request-Timeout-Ms"}


def test_docs_are_served(client: httpx.Client) -> None:
    assert "swagger" in client.get("/docs").text.lower()
