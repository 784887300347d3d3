"""Asked to end, the service says at once that it is not ready, answers what it has, and is gone in time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.helpers.assertions import assert_problem
from tests.helpers.metric_samples import key, samples
from tests.helpers.processes import wait_for
from tests.helpers.serve_process import SERVE, served
from tests.helpers.toy_model import paint, png

PHOTO = png(paint(192, 256, {1: (40, 80, 80, 80)}))
HANGS = f"""
import time
from service.engine.scheduling.lanes import Lanes
Lanes._run = lambda *_: time.sleep(1000)
{SERVE}
"""
"""The service on a device that never comes back from a run."""
DECODES_SLOWLY = f"""
import time
from service.engine.photo.photo import Plan
Plan.decode_inputs = lambda *_, **__: time.sleep(1000)
{SERVE}
"""
ENCODES_SLOWLY = f"""
import time
import service.api.routes.photos as routes
choose = routes.choose
routes.choose = lambda *a: choose(*a)._replace(encode=lambda *_: time.sleep(1000))
{SERVE}
"""


def figure(url: str, name: str) -> float:
    """One of /metrics' figures without labels."""
    with httpx.Client(base_url=url) as client:
        return samples(client)[key(name)]


def refuses(url: str) -> bool:
    """Whether it takes no connection any more."""
    try:
        httpx.get(f"{url}/readyz")
    except httpx.ConnectError:
        return True
    return False


class SlowUpload:
    """A photo that is on its way until a test lets it arrive."""

    def __init__(self, url: str) -> None:
        self._half_sent, self._goes_on = threading.Event(), threading.Event()
        self._answers: list[int] = []
        self._thread = threading.Thread(target=self._send, args=(url,))
        self._thread.start()
        assert self._half_sent.wait(10)
        wait_for(lambda: figure(url, "upload_bytes"), 10)

    def _send(self, url: str) -> None:
        self._answers.append(httpx.post(f"{url}/pose", content=self._body(), timeout=10).status_code)

    def _body(self) -> Iterator[bytes]:
        yield PHOTO[:50]
        self._half_sent.set()
        self._goes_on.wait(10)
        yield PHOTO[50:]

    def finish(self) -> list[int]:
        """Sends the rest; gives the status of the answer, if there was one."""
        self._goes_on.set()
        self._thread.join(10)
        return self._answers


def test_not_ready_at_once_and_still_answering(toy_path: Path) -> None:
    with served(toy_path, JPPNET_NOTICE_SECONDS="3") as (process, url):
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: httpx.get(f"{url}/readyz").status_code != 200, 2)
        assert_problem(httpx.get(f"{url}/readyz"), 503, "shutting-down", "shutting down")
        assert httpx.get(f"{url}/livez").status_code == 200
        assert httpx.post(f"{url}/pose", content=PHOTO).status_code == 200
        process.send_signal(signal.SIGTERM)  # a second one cuts the notice short
        assert process.wait(2.5) == 0


def test_what_is_under_way_is_answered_and_nothing_new_is_taken(toy_path: Path) -> None:
    with served(toy_path, JPPNET_NOTICE_SECONDS="0") as (process, url):
        upload = SlowUpload(url)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses(url), 5)
        assert upload.finish() == [200]
        assert process.wait(10) == 0


def test_a_device_that_hangs_does_not_keep_the_process(toy_path: Path) -> None:
    with served(toy_path, HANGS, JPPNET_DRAIN_SECONDS="2", JPPNET_NOTICE_SECONDS="0") as (process, url):
        with httpx.Client() as client, pytest.raises(httpx.TimeoutException):
            client.post(f"{url}/pose", content=PHOTO, timeout=0.5)
        answer: list[object] = []

        def ask() -> None:
            try:
                answer.append(httpx.post(f"{url}/pose", content=PHOTO, timeout=20))
            except httpx.HTTPError as error:
                answer.append(error)

        waiting = threading.Thread(target=ask)
        waiting.start()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        waiting.join(5)
        assert len(answer) == 1


@pytest.mark.parametrize(
    ("program", "threads"),
    [(HANGS, "1"), (DECODES_SLOWLY, "2"), (ENCODES_SLOWLY, "1")],
    ids=["runs", "decodes in a pool", "encodes in a lane"],
)
def test_what_does_not_end_in_time_is_a_problem_that_clients_try_again(
    toy_path: Path, program: str, threads: str
) -> None:
    drain = {"JPPNET_DRAIN_SECONDS": "4", "JPPNET_NOTICE_SECONDS": "0", "JPPNET_THREADS": threads}
    with served(toy_path, program, **drain) as (process, url), ThreadPoolExecutor(2) as pool:
        answers = [
            pool.submit(httpx.post, f"{url}/pose", content=PHOTO, headers={"X-Request-ID": "mine"}, timeout=20),
            pool.submit(httpx.post, f"{url}/parse?box=9,9,99,99", content=PHOTO, timeout=20),
        ]
        wait_for(lambda: figure(url, "under_way_photos") == 2, 10)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
        for answer in answers:
            assert_problem(answer.result(), 503, "shutting-down", "no time left")
            assert answer.result().headers["Retry-After"] == "1"
        assert answers[0].result().json()["request_id"] == "mine"


def test_a_notice_longer_than_the_drain_is_refused(toy_path: Path) -> None:
    known = {"JPPNET_MODEL": str(toy_path), "JPPNET_NOTICE_SECONDS": "9"}
    command = [sys.executable, "-c", SERVE, "serve", "--port", "0"]
    ended = subprocess.run(command, env=os.environ | known, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "JPPNET_NOTICE_SECONDS: " in ended.stderr
    assert "JPPNET_DRAIN_SECONDS is only 8 s" in ended.stderr
    assert "Traceback" not in ended.stderr
