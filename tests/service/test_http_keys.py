"""With API keys set, photos and the model are for those who have one; health and documentation are for all."""

import socket
from collections.abc import Iterator
from hmac import compare_digest
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from service.api.request.api_keys import ApiKeys
from service.settings import Settings
from tests.helpers.assertions import assert_problem
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import PHOTO
from tests.helpers.serving import serving
from tests.helpers.toy_model import png

KEYS = ["first-key", "zweiter-schlüssel"]


@pytest.fixture(scope="module")
def guarded(toy_path: Path) -> Iterator[httpx.Client]:
    """A client, without a key, of a server that wants one."""
    settings = Settings(model=toy_path, api_keys=[SecretStr(key) for key in KEYS], cors_origins=["*"])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        yield client


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("header", "prefix"), [("Authorization", "Bearer "), ("X-API-Key", "")])
def test_any_key_opens_in_either_header(guarded: httpx.Client, key: str, header: str, prefix: str) -> None:
    headers = {header.encode(): (prefix + key).encode()}
    assert guarded.post("/parse", content=png(PHOTO), headers=headers).status_code == 200
    assert guarded.get("/model", headers=headers).status_code == 200


@pytest.mark.parametrize("sent", ["a", "b", "c", "no key", "x" * 1000])
def test_every_key_is_compared_in_constant_time_whatever_is_sent(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr("service.api.request.api_keys.compare_digest", compare)
    assert ApiKeys([SecretStr(key) for key in ("a", "b", "c")]).accept(sent) == (len(sent) == 1)
    assert compared == [(32, 32)] * 3


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "needs an API key"),
        ({"Authorization": "Basic Zmlyc3Qta2V5"}, "needs an API key"),
        ({"X-API-Key": "first-ke"}, "not one of"),
        ({"Authorization": "Bearer first-key2"}, "not one of"),
        ({"Authorization": "Bearer wrong", "X-API-Key": "first-key"}, "not one of"),
    ],
)
@pytest.mark.parametrize("path", ["/parse", "/pose?format=bmp", "/analyze"])
def test_without_one_nothing_is_answered(guarded: httpx.Client, path: str, headers: dict[str, str], words: str) -> None:
    answer = guarded.post(path, content=png(PHOTO), headers=headers)
    assert_problem(answer, 401, "unauthorized", words)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="jppnet"'
    assert_problem(guarded.get("/model", headers=headers), 401, "unauthorized", words)


def test_nobody_uploads_in_vain(guarded: httpx.Client) -> None:
    with socket.create_connection((guarded.base_url.host, guarded.base_url.port or 80), 10) as connection:
        connection.sendall(b"POST /parse HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
def test_health_and_documentation_are_open(guarded: httpx.Client, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_figures_can_be_for_those_alone_who_scrape(toy_path: Path) -> None:
    settings = Settings(model=toy_path, api_keys=[SecretStr("caller")], metrics_keys=[SecretStr("scraper")])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        assert_problem(client.get("/metrics"), 401, "unauthorized", "needs an API key")
        assert_problem(client.get("/metrics", headers={"X-API-Key": "caller"}), 401, "unauthorized", "not one of")
        assert client.get("/metrics", headers={"Authorization": "Bearer scraper"}).status_code == 200
        assert client.get("/model", headers={"X-API-Key": "scraper"}).status_code == 401
        assert client.get("/readyz").status_code == 200
        document = client.get("/openapi.json").json()
        assert "401" in document["paths"]["/metrics"]["get"]["responses"]


def test_a_page_may_ask_first_without_a_key_and_read_that_it_needs_one(guarded: httpx.Client) -> None:
    page = {"Origin": "https://shop.example"}
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert guarded.options("/parse", headers=page | asking).status_code == 200
    assert guarded.post("/parse", headers=page).headers["access-control-allow-origin"] == "*"


def test_keys_are_documented_where_they_are_needed(guarded: httpx.Client, client: httpx.Client) -> None:
    document = guarded.get("/openapi.json").json()
    for path, method in (("/parse", "post"), ("/pose", "post"), ("/analyze", "post"), ("/model", "get")):
        call = document["paths"][path][method]
        assert call["security"] == [{"HTTPBearer": []}, {"APIKeyHeader": []}]
        assert "WWW-Authenticate" in call["responses"]["401"]["headers"]
    assert "security" not in document["paths"]["/livez"]["get"]
    assert "401" not in str(client.get("/openapi.json").json()["paths"])


def test_keys_are_read_from_the_environment_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_API_KEYS", "one, two")
    settings = Settings()
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert "one" not in repr(settings.api_keys)
    monkeypatch.setenv("JPPNET_API_KEYS", '["with, comma"]')
    assert [key.get_secret_value() for key in Settings().api_keys] == ["with, comma"]


def test_a_key_that_is_empty_would_let_everybody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("secret,", '["secret", ""]', '["secret", 5]'):
        monkeypatch.setenv("JPPNET_API_KEYS", text)
        with pytest.raises(ValueError, match="api_keys") as refused:
            Settings()
        assert "secret" not in str(refused.value)
