"""Over HTTP, too, a photo that ends or stalls its process is a problem of that photo alone."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.captured_log import Captured
from tests.helpers.decoding import PHOTO, SLOW, wait_until
from tests.helpers.photo_files import saved, smooth
from tests.helpers.serving import serving
from tests.helpers.toy_model import jpeg, paint


@pytest.fixture(scope="module")
def served(toy_path: Path) -> Iterator[tuple[httpx.Client, Engine]]:
    settings = Settings(model=toy_path, provider="cpu", lanes=2, max_scan_blocks=20_000, isolate_decoding="all")
    engine = Engine.start(settings)
    with serving(engine, settings) as client:
        yield client, engine


@pytest.mark.parametrize(
    ("by", "status", "name"),
    [(signal.SIGSEGV, 422, "corrupt-photo"), (signal.SIGKILL, 503, "out-of-memory")],
)
def test_over_http_it_is_a_problem_of_one_photo(
    served: tuple[httpx.Client, Engine], by: signal.Signals, status: int, name: str
) -> None:
    client, engine = served
    with ThreadPoolExecutor() as pool:
        posted = pool.submit(client.post, "/parse", content=SLOW)
        wait_until(lambda: engine.stats().pixels_at_work > 0)
        time.sleep(0.1)
        for pid in engine.decoder.pids:
            os.kill(pid, by)
        problem = posted.result()
    assert (problem.status_code, problem.json()["type"]) == (status, f"urn:jppnet:problem:{name}")
    assert ("retry-after" in problem.headers) == (status == 503)
    assert client.post("/parse", content=PHOTO.join()).status_code == 200


def test_over_http_a_process_that_was_killed_while_idle_costs_no_photo(served: tuple[httpx.Client, Engine]) -> None:
    client, engine = served
    for _ in range(3):
        for pid in engine.decoder.pids:
            os.kill(pid, signal.SIGKILL)
        assert client.post("/parse", content=PHOTO.join()).status_code == 200


def test_a_photo_that_stalls_gets_504_and_others_are_answered_meanwhile(served: tuple[httpx.Client, Engine]) -> None:
    client, engine = served
    client.post("/parse", content=PHOTO.join())
    pid = engine.decoder.pids[0]
    os.kill(pid, signal.SIGSTOP)
    statuses = []
    with ThreadPoolExecutor(3) as pool:
        bodies = [jpeg(paint(301 + number, 200, {})) for number in range(12)]
        for response in pool.map(
            lambda body: client.post("/parse", content=body, headers={"X-Request-Timeout-Ms": "4000"}), bodies
        ):
            statuses.append(response.status_code)
    assert statuses.count(504) <= 1
    assert statuses.count(200) >= 11
    assert client.get("/livez").status_code == 200


def test_too_many_scans_are_a_problem_over_http(served: tuple[httpx.Client, Engine]) -> None:
    client, _ = served
    problem = client.post("/parse", content=saved(smooth(1000, 1000, 3), "JPEG", progressive=True))
    assert (problem.status_code, problem.json()["type"]) == (413, "urn:jppnet:problem:too-many-scans")


def test_out_of_memory_is_logged_and_no_photos_fault(
    served: tuple[httpx.Client, Engine], monkeypatch: pytest.MonkeyPatch, captured: Captured
) -> None:
    client, engine = served

    def none_left(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(engine.decoder, "decode", none_left)
    problem = client.post("/pose", content=jpeg(paint(120, 100, {})))
    assert (problem.status_code, problem.json()["type"]) == (503, "urn:jppnet:problem:out-of-memory")
    assert problem.headers["retry-after"] == "1"
    assert any("too little memory" in line["message"] and line["level"] == "error" for line in captured.lines())
