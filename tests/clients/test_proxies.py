"""Proxies of the environment that httpx cannot use, and addresses of services that are none."""

import re

import pytest

import jppnet

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("client", [jppnet.Client, jppnet.AsyncClient])
@pytest.mark.parametrize("proxy", ["socks://localhost:1080", "socks5://localhost:1080", "gopher://localhost"])
def test_a_proxy_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, client: type[jppnet.Client], proxy: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(ValueError, match=re.escape(f"a proxy that cannot be used (all_proxy={proxy})")) as error:
        client("http://service.example:8000")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000", "http://own.lan"]
)
def test_a_host_that_needs_no_proxy_is_asked_all_the_same(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("all_proxy", "socks://localhost:1080")
    monkeypatch.setenv("no_proxy", "own.lan")
    jppnet.Client(url).close()


def test_a_service_on_this_machine_answers_beside_such_a_proxy(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    monkeypatch.setenv("all_proxy", "socks://localhost:1080")
    with jppnet.Client(service) as client:
        assert client.model().name == "toy"


def test_a_proxy_that_can_be_used_is_used(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    monkeypatch.setenv("http_proxy", service)  # it answers whatever host a request names
    with jppnet.Client("http://elsewhere.example") as client:
        assert client.model().name == "toy"


@pytest.mark.parametrize("url", ["localhost:8000", "example.com/jppnet", "192.168.0.7"])
def test_an_address_without_a_scheme_is_told_which(url: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Did you mean http://{url}?")):
        jppnet.Client(url)
