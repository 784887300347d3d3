"""Pages of other origins, HEAD, OPTIONS, compression."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import PHOTO
from tests.helpers.serving import serving
from tests.helpers.toy_model import png

PAGE = "https://shop.example"


@pytest.fixture(scope="module")
def open_client(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server that two origins may call."""
    settings = Settings(model=toy_path, cors_origins=[PAGE, "http://localhost:3000"])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        yield client


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def test_a_page_of_a_named_origin_may_call_and_read(open_client: httpx.Client) -> None:
    answer = open_client.post("/parse", content=png(PHOTO), headers={"Origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert names(answer.headers["access-control-expose-headers"]) == {
        "etag", "retry-after", "server-timing", "x-request-id",
    }  # fmt: skip
    assert {"accept", "origin"} <= names(answer.headers["vary"])


def test_a_page_may_read_problems(open_client: httpx.Client) -> None:
    answer = open_client.post("/parse", content=b"hello", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (415, PAGE)


def test_a_page_may_read_that_the_service_failed(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(model=toy_path, cors_origins=[PAGE])
    engine = gated_engine(GatedSession(toy_path), settings)
    monkeypatch.setattr(engine, "inspect", lambda data: 1 / 0)
    with serving(engine, settings) as client:
        answer = client.post("/pose", content=png(PHOTO), headers={"Origin": PAGE})
    assert_problem(answer, 500, "internal-error", "by request id")
    assert answer.headers["access-control-allow-origin"] == PAGE


def test_a_page_may_ask_first(open_client: httpx.Client) -> None:
    wanted = (
        "authorization, content-type, if-none-match, x-api-key, x-request-id, x-request-timeout-ms, "
        "baggage, sentry-trace, traceparent, tracestate"
    )
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": wanted,
    }
    answer = open_client.options("/parse", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert names(wanted) <= names(answer.headers["access-control-allow-headers"])
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_page_of_another_origin_may_not(open_client: httpx.Client, client: httpx.Client) -> None:
    for server in (open_client, client):
        answer = server.get("/model", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


def test_all_origins_never_come_with_credentials(toy_path: Path) -> None:
    settings = Settings(model=toy_path, cors_origins=["*", PAGE])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        for headers in ({}, {"Cookie": "session=1"}):
            answer = client.get("/model", headers={"Origin": "https://any.example", **headers})
            assert answer.headers["access-control-allow-origin"] in ("*", "https://any.example")
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/model", "/livez", "/docs", "/openapi.json"])
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(("path", "methods"), [("/parse", {"post", "options"}), ("/model", {"get", "head", "options"})])
def test_options_names_the_methods(client: httpx.Client, path: str, methods: set[str]) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert names(answer.headers["allow"]) == methods
    refused = client.delete(path)
    assert (refused.status_code, names(refused.headers["allow"])) == (405, methods)


def test_head_and_options_of_nothing(client: httpx.Client) -> None:
    assert client.options("/nothing").status_code == 404
    assert client.head("/nothing").status_code == 404
    assert client.head("/parse").status_code == 405


def test_json_is_compressed_and_pictures_are_not(client: httpx.Client) -> None:
    for path in ("/parse?format=json", "/analyze"):
        answer = client.post(path, content=png(PHOTO))
        assert answer.headers["content-encoding"] == "gzip"
        assert {"accept", "accept-encoding"} <= names(answer.headers["vary"])
        plain = client.post(path, content=png(PHOTO), headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.json() == answer.json()
    assert "content-encoding" not in client.post("/parse?format=overlay", content=png(PHOTO)).headers


@pytest.mark.parametrize(
    "origin", ["tauri://localhost", "capacitor://localhost", "chrome-extension://abcdefghijklmnop", "null"]
)
def test_apps_and_extensions_have_origins_too(origin: str, toy_path: Path) -> None:
    settings = Settings(model=toy_path, cors_origins=[origin])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        answer = client.get("/model", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert ("access-control-allow-credentials" in answer.headers) == (origin != "null"), "any page in a sandbox is null"


def test_all_subdomains_of_an_origin(toy_path: Path) -> None:
    settings = Settings(model=toy_path, cors_origins=["https://*.shop.example", "https://one.example"])
    allowed = {"https://a.shop.example", "https://a.b.shop.example", "https://one.example"}
    refused = {
        "https://shop.example", "http://a.shop.example", "https://evilshop.example", "https://a.shop.example.evil",
        "https://a.shopxexample", "https://evil.example/.shop.example", "https://a.shop.example:8443",
    }  # fmt: skip
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        answers = {origin: client.get("/livez", headers={"Origin": origin}) for origin in allowed | refused}
    named = {origin for origin, answer in answers.items() if "access-control-allow-origin" in answer.headers}
    assert named == allowed


def test_origins_are_a_list_of_json_or_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, origins in (
        (f"{PAGE}, http://localhost:3000", [PAGE, "http://localhost:3000"]),
        (f'["{PAGE}"]', [PAGE]),
        ("*", ["*"]),
        (" ", []),
    ):
        monkeypatch.setenv("JPPNET_CORS_ORIGINS", text)
        assert Settings().cors_origins == origins


@pytest.mark.parametrize(
    "text",
    ["shop.example", f"{PAGE}/", "https://a.*.example", "https://*", "*.shop.example", f"{PAGE},", "[", '{"a": 1}'],
)
def test_what_is_no_origin_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_CORS_ORIGINS", text)
    with pytest.raises(ValueError, match="cors_origins"):
        Settings()
