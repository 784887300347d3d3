"""The request log says from where and with which key a request came, so that abuse can be traced."""

from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.settings import Settings
from tests.helpers.captured_log import Captured
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serving import serving

KEY = "correct horse battery staple"
FORWARDED = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("proxies", "client"),
    [
        ([], "127.0.0.1"),
        (["10.0.0.0/8"], "127.0.0.1"),
        (["127.0.0.1"], "198.51.100.7"),
        (["127.0.0.0/8", "198.51.100.7"], "203.0.113.9"),
    ],
)
def test_the_client_is_whoever_the_trusted_proxies_name(
    proxies: list[str], client: str, toy_path: Path, captured: Captured
) -> None:
    settings = Settings(model=toy_path, trusted_proxies=proxies)
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as http:
        http.get("/model", headers=FORWARDED)
    (line,) = captured.requests(1)
    assert line["client"] == client


def test_a_key_is_known_by_its_mark_and_never_shown(toy_path: Path, captured: Captured) -> None:
    settings = Settings(model=toy_path, api_keys=[SecretStr(KEY)])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as http:
        http.get("/model", headers={"X-API-Key": KEY})
        http.get("/model", headers={"Authorization": "Bearer guessed"})
        http.get("/model")
    known, guessed, none = captured.requests(3)
    assert (known["status"], known["key"]) == (200, sha256(KEY.encode()).hexdigest()[:8])
    assert (guessed["status"], guessed["key"]) == (401, sha256(b"guessed").hexdigest()[:8])
    assert "key" not in none
    assert KEY not in captured.stream.getvalue()


def test_without_keys_what_is_sent_as_one_is_not_marked(toy_path: Path, captured: Captured) -> None:
    settings = Settings(model=toy_path)
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as http:
        http.get("/model", headers={"Authorization": "Bearer meant for another service"})
    assert "key" not in captured.requests(1)[0]


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.300"])
def test_what_is_no_address_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_TRUSTED_PROXIES", text)
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings()
