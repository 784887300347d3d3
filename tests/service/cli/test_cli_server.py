"""``jppnet --server`` has a service answer for files."""

from pathlib import Path

import httpx
import pytest

from tests.helpers.cli_runs import Run, files_below


@pytest.fixture
def by_server(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that let the service answer; here there is no model to do it."""
    monkeypatch.setenv("JPPNET_MODEL", "nowhere.onnx")
    return ["--server", str(client.base_url)]


def test_a_service_answers_for_folders_too(run: Run, by_server: list[str], album: Path, tmp_path: Path) -> None:
    result = run("pose", album, "--out", tmp_path / "out", *by_server)
    assert result.exit_code == 1
    assert f"{album / 'cut.jpg'}: The file is cut off" in result.stderr
    assert files_below(tmp_path / "out") == ["failed.tsv", "more/two.json", "one.json"]


def test_a_label_that_nobody_knows_ends_the_run(run: Run, by_server: list[str], photo: Path, tmp_path: Path) -> None:
    there = run("parse", photo, "--out", tmp_path / "out", "--labels", "beard", *by_server)
    assert there.exit_code == 1
    assert "There is no label “beard”. The labels are background" in there.stderr
    assert "1 left: the same command goes on" in there.stderr


def test_a_service_that_is_not_there_is_said_once(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jppnet.retry.FIRST_WAIT", 60)  # longer than there is time for another try
    result = run("pose", album, "--out", tmp_path / "out", "--server", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.count("http://127.0.0.1:9 does not answer") == 1
    assert "0 of 3 photos answered; 3 left" in result.stderr


def test_what_is_no_service_is_said_once(run: Run, album: Path, client: httpx.Client, tmp_path: Path) -> None:
    for server, words in ((f"{client.base_url}/web", "Not Found"), ("ftp://here", "is no address of a service")):
        result = run("pose", album, "--out", tmp_path / "out", "--server", server)
        assert result.exit_code == 1
        assert result.stderr.count(words) == 1
        assert "0 of 3 photos answered; 3 left" in result.stderr


def test_an_address_without_a_scheme_is_one_of_http(
    run: Run, client: httpx.Client, photo: Path, tmp_path: Path
) -> None:
    server = f"{client.base_url.host}:{client.base_url.port}"
    assert run("pose", photo, "--out", tmp_path / "out", "--server", server).exit_code == 0
    assert files_below(tmp_path / "out") == ["one.json"]


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:1080", "socks5://127.0.0.1:1080", "nonsense"])
def test_a_proxy_that_cannot_be_used_is_a_sentence(
    run: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("all_proxy", proxy)
    result = run("pose", photo, "--out", tmp_path / "out", "--server", "localhost:9")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    first, *_ = result.stderr.splitlines()
    assert "proxy" in first.lower()
    assert "NO_PROXY" in first
