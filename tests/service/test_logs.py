"""What the service logs: a line a request, one form for all, and nothing that is private."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from service.engine.photo.timings import STAGES
from service.logs import JsonLines, Pretty
from service.settings import Settings
from tests.helpers.captured_log import Captured
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serve_process import served
from tests.helpers.serving import serving
from tests.helpers.toy_model import paint, png

PHOTO = png(paint(192, 256, {1: (40, 80, 80, 80)}))
KEY = "a-secret-key"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def client(toy_path: Path) -> Iterator[httpx.Client]:
    settings = Settings(model=toy_path, api_keys=[SecretStr(KEY)])
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        client.headers["X-API-Key"] = KEY
        yield client


def test_a_line_a_request_says_what_came_of_it(client: httpx.Client, captured: Captured) -> None:
    answer = client.post("/pose?box=0,0,99,99", content=PHOTO, headers={"X-Request-ID": "mine"})
    (line,) = captured.requests(1)
    assert line["message"] == "POST /pose 200"
    assert line["level"] == "info"
    assert {name: line[name] for name in ("request_id", "method", "route", "status", "received", "sent", "model")} == {
        "request_id": "mine",
        "method": "POST",
        "route": "/pose",
        "status": 200,
        "received": len(PHOTO),
        "sent": len(answer.content),
        "model": "toy 1.2",
    }
    said = dict(re.findall(r"(\w+);dur=([\d.]+)", answer.headers["server-timing"]))
    assert line["stages"] == {stage: float(ms) for stage, ms in said.items()}
    assert line["ms"] >= line["stages"]["total"]


def test_the_sample_in_the_docs_is_a_line_as_it_is_today(client: httpx.Client, captured: Captured) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    sample = json.loads(re.findall(r"```json\n(\{\"time\".*?)```", text, re.DOTALL)[0])
    client.post("/pose", content=PHOTO, headers={"X-Request-ID": "mine"})
    (line,) = captured.requests(1)
    assert [name for name in sample if name != "people"] == list(line), "the toy model counts nobody"
    assert list(sample["stages"]) == list(STAGES)
    stages = dict(sample["stages"])
    assert sample["ms"] >= stages.pop("total") >= sum(stages.values()) - 0.01
    card = (ROOT / "service" / "models" / "jppnet-lite.md").read_text()
    assert card.startswith(f"# {sample['model']}\n"), "the default model, of this version"
    assert sample["received"] == (ROOT / "export" / "astronaut.jpg").stat().st_size


def test_a_problem_is_named(client: httpx.Client, captured: Captured) -> None:
    client.post("/parse", content=b"no photo")
    (line,) = captured.requests(1)
    assert (line["status"], line["problem"]) == (415, "not-a-photo")
    assert "stages" not in line


def test_what_is_private_stays_out(client: httpx.Client, captured: Captured) -> None:
    client.post("/analyze?labels=hair", content=PHOTO)
    client.post("/parse", content=PHOTO, headers={"Authorization": "Bearer wrong-key"})
    client.get(f"/nowhere/{KEY}?key={KEY}")
    assert [line["route"] for line in captured.requests(3)] == ["/analyze", "/parse", "none"]
    logged = captured.stream.getvalue()
    assert KEY not in logged
    assert "wrong-key" not in logged


def test_who_watches_is_logged_only_when_something_is_wrong(client: httpx.Client, captured: Captured) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200
    client.post("/livez")
    assert [line["status"] for line in captured.requests(1)] == [405]


def record(message: str, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("service.x", logging.WARNING, __file__, 1, message, (), None)
    made.__dict__ |= extra
    return made


def test_a_record_is_one_line_of_json_whatever_is_in_it() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        line = JsonLines().format(record("“one”\nand two", fields={"route": "/pose"}, exc_info=sys.exc_info()))
    assert "\n" not in line
    said = json.loads(line)
    assert (said["message"], said["level"], said["route"]) == ("“one”\nand two", "warning", "/pose")
    assert "ValueError: two\nlines" in said["exception"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", said["time"])


def test_a_record_for_a_person_is_short() -> None:
    line = Pretty().format(record("POST /pose 200", fields={"ms": 12.5, "problem": "none"}))
    assert re.fullmatch(r"\d\d:\d\d:\d\d WARNING  POST /pose 200  ms=12\.5 problem=none", line)


def test_all_that_a_server_says_is_json(toy_path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr, served(toy_path, stderr=stderr) as (process, url):
        httpx.post(f"{url}/pose", content=PHOTO)
        process.terminate()
        process.wait(10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"service.engine.engine", "uvicorn.error", "service.api.observability.request_log"} <= {
        line["logger"] for line in lines
    }
