"""The service sends nobody elsewhere: a path with a slash too many is not found, whatever host the caller names."""

import httpx
import pytest

from tests.helpers.assertions import assert_problem

PATHS = [
    "/parse",
    "/pose",
    "/analyze",
    "/model",
    "/model/file",
    "/model/detector/file",
    "/livez",
    "/readyz",
    "/metrics",
    "/docs",
    "/openapi.json",
]


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("path", [*(f"{path}/" for path in PATHS), "//parse", "/parse//", "/docs/assets", "/web"])
def test_a_slash_too_many_is_not_found_and_no_redirect(client: httpx.Client, path: str, method: str) -> None:
    url = str(client.base_url).rstrip("/") + path
    answer = client.request(method, url, headers={"Host": "evil.example"}, follow_redirects=False)
    assert answer.status_code == 404
    assert "evil.example" not in str(answer.headers)
    if method != "HEAD":
        assert_problem(answer, 404, "not-found", path)


def test_all_calls_are_tried(client: httpx.Client) -> None:
    assert set(client.get("/openapi.json").json()["paths"]) <= set(PATHS)
