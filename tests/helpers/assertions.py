"""What tests assert of answers."""

import httpx


def assert_problem(answer: httpx.Response, status: int, name: str, words: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:jppnet:problem:{name}"
    assert problem["status"] == status
    assert problem["title"]
    assert words in problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
