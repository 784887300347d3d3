"""Tries, waits and ends of the Python clients, against a server that fails as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from either_client import Ask

import jppnet
from jppnet import talk

Reply = Callable[[BaseHTTPRequestHandler], None]
Headers = dict[str, str]


@contextmanager
def scripted(*replies: Reply) -> Iterator[tuple[str, list[Headers]]]:
    """A server that replies like this in turn, the last one for good: its address, and the headers that it got."""
    got: list[Headers] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            got.append(dict(self.headers.items()))
            replies[min(len(got), len(replies)) - 1](self)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()


def answer(status: int, content: dict[str, Any] | str, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(text.encode())

    return reply


def problem(status: int, name: str, **headers: str) -> Reply:
    content = {
        "type": f"urn:jppnet:problem:{name}",
        "title": name,
        "status": status,
        "detail": "why",
        "request_id": "7",
    }
    return answer(status, content, Content_Type="application/problem+json", **headers)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def half_an_answer(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"{")


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(talk, "GRACE", 0.1)


NOBODY = {"model": {"name": "toy", "version": "1"}, "image": {"width": 1, "height": 1}, "people": [], "skeleton": []}
FOUND = answer(200, NOBODY, Content_Type="application/json")


def test_a_busy_service_is_tried_again_after_the_time_that_it_names(ask: Ask) -> None:
    with scripted(problem(503, "overloaded", Retry_After="1"), FOUND) as (url, got):
        began = time.monotonic()
        assert ask(url, "pose", b"photo").people == ()
        assert len(got) == 2
        assert time.monotonic() - began >= 1


def test_a_date_is_a_time_to_wait_for_too(ask: Ask) -> None:
    with scripted(problem(503, "overloaded", Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), FOUND) as (url, got):
        ask(url, "pose", b"photo")
        assert len(got) == 2


def test_it_gives_up_after_the_tries_that_are_allowed(ask: Ask) -> None:
    with scripted(problem(503, "overloaded", Retry_After="0")) as (url, got):
        with pytest.raises(jppnet.ProblemError, match="overloaded: why") as refused:
            ask(url, "pose", b"photo", client={"retries": 3})
        assert refused.value.request_id == "7"
        assert len(got) == 4


def test_it_does_not_wait_for_what_comes_too_late(ask: Ask) -> None:
    with scripted(problem(503, "overloaded", Retry_After="60")) as (url, got):
        with pytest.raises(jppnet.ProblemError):
            ask(url, "pose", b"photo", timeout=5)
        assert len(got) == 1


@pytest.mark.parametrize("broken", [hang_up, half_an_answer])
def test_a_connection_that_breaks_is_made_again(ask: Ask, broken: Reply) -> None:
    with scripted(broken, FOUND) as (url, got):
        assert ask(url, "pose", b"photo").people == ()
        assert len(got) == 2


@pytest.mark.parametrize("status", [400, 401, 422, 500, 504])
def test_other_answers_are_final(ask: Ask, status: int) -> None:
    with scripted(problem(status, "final")) as (url, got):
        with pytest.raises(jppnet.ProblemError) as refused:
            ask(url, "pose", b"photo")
        assert refused.value.status == status
        assert len(got) == 1


def test_an_error_page_that_is_no_problem_is_still_told(ask: Ask) -> None:
    with (
        scripted(answer(502, "<h1>Bad gateway</h1>", X_Request_ID="9")) as (url, _),
        pytest.raises(jppnet.ProblemError, match="Bad Gateway: <h1>Bad gateway</h1>") as refused,
    ):
        ask(url, "pose", b"photo")
    assert (refused.value.type, refused.value.status, refused.value.request_id) == ("about:blank", 502, "9")


def test_nobody_there_is_an_error_of_transport(ask: Ask) -> None:
    with pytest.raises(httpx.TransportError):
        ask("http://127.0.0.1:9", "pose", b"photo", client={"retries": 0})


def test_a_call_ends_with_its_time_of_which_the_service_is_told_what_is_left(ask: Ask) -> None:
    over = threading.Event()
    with scripted(problem(503, "overloaded", Retry_After="0"), lambda _: over.wait(10) and None) as (url, got):
        with pytest.raises(httpx.ReadTimeout):
            ask(url, "pose", b"photo", timeout=1)
        over.set()
        first, second = (int(headers["X-Request-Timeout-Ms"]) for headers in got)
        assert 0 < second <= first <= 1000
