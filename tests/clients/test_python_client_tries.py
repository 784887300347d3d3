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

import jppnet
from jppnet import retry
from tests.helpers.either_client import Ask

Reply = Callable[[BaseHTTPRequestHandler], None]
Headers = dict[str, str]


@contextmanager
def scripted(*replies: Reply) -> Iterator[tuple[str, list[Headers]]]:
    """A server that replies like this in turn, the last one for good: its address, and the headers that it got."""
    got: list[Headers] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            got.append(dict(self.headers.items()))
            replies[min(len(got), len(replies)) - 1](self)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # shutdown() waits for the end of a poll, which is half a second by default
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
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
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "GRACE", 0.1)


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


@pytest.mark.parametrize(
    "odd",
    ["", "-5", "nan", "inf", "-inf", "1e3", "0x10", "soon", "Thu, 99 Jan 1970 00:00:00 GMT", "01 Jan 0001", "\xb2",
     "Thu, 01 Jan 1970 00:00:00", "Thu, 01 Jan 1970 00:00:00 -0000", "Thu, 01 Jan 1970 00:00:00 +9999999", "1, 2"],
)  # fmt: skip
def test_a_time_to_wait_that_is_none_is_waited_for_as_if_none_were_named(ask: Ask, odd: str) -> None:
    with scripted(problem(503, "overloaded", Retry_After=odd), FOUND) as (url, got):
        assert ask(url, "pose", b"photo").people == ()
        assert len(got) == 2


@pytest.mark.parametrize("long", ["9" * 30, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_time_to_wait_without_end_is_not_waited_for(ask: Ask, long: str) -> None:
    with scripted(problem(503, "overloaded", Retry_After=long)) as (url, got):
        with pytest.raises(jppnet.ProblemError):
            ask(url, "pose", b"photo")
        assert len(got) == 1


HTML = answer(200, "<h1>It works!</h1>", Content_Type="text/html")
JSON = {"Content_Type": "application/json"}
PERSON = {"box": [0, 0, 1, 1], "score": 1, "keypoints": [{"name": "nose"}]}
LABEL = {"id": 1, "name": "hair", "color": [1, 2, 3], "pixels": 1, "share": 1, "box": [0, 0, 1, 1], "confidence": 1}
STRANGE = {
    "a page": HTML,
    "nothing": answer(200, ""),
    "nothing, and it says so": answer(204, ""),
    "JSON that is cut off": answer(200, json.dumps(NOBODY)[:30], **JSON),
    "JSON without end": answer(200, "[" * 100_000, **JSON),
    "no text": answer(200, "{}", Content_Type="application/json; charset=klingon"),
    "another object": answer(200, {"status": "ok"}, **JSON),
    "no object": answer(200, "[1]", **JSON),
    "null": answer(200, "null", **JSON),
    "half a person": answer(200, NOBODY | {"people": [PERSON], "labels": [{"id": 1}]}, **JSON),
    "no list": answer(200, NOBODY | {"people": 7, "labels": 7}, **JSON),
    "text that is packed and is not": answer(200, "{}", Content_Encoding="gzip", **JSON),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("call", ["parse", "pose", "analyze", "model"])
def test_what_is_no_answer_of_the_service_is_one_of_the_two_errors(ask: Ask, what: str, call: str) -> None:
    arguments = [] if call == "model" else [b"photo"]
    with (
        scripted(STRANGE[what]) as (url, _),
        pytest.raises((jppnet.ProblemError, httpx.TransportError)) as failed,
    ):
        ask(url, call, *arguments, client={"retries": 0})
    if isinstance(failed.value, jppnet.ProblemError):
        assert failed.value.type == "about:blank"
        assert url in failed.value.detail


def test_a_page_in_place_of_the_service_is_told(ask: Ask) -> None:
    with scripted(HTML) as (url, _):
        for call, arguments in (("model", []), ("health", []), ("pose", [b"photo"])):
            with pytest.raises(jppnet.ProblemError, match="It works!") as refused:
                ask(url, call, *arguments)
            assert (refused.value.title, refused.value.status) == ("Not an answer of jppnet", 200)


RUNS = [
    ("11", "too few"),
    ("0P1", "below none"),
    ("", "none"),
    ("oooooooooooooooooo", "without end"),
    ("é", "no ASCII"),
]


@pytest.mark.parametrize("counts", [counts for counts, _ in RUNS], ids=[what for _, what in RUNS])
def test_a_mask_that_does_not_fit_its_photo_is_no_answer(ask: Ask, counts: str) -> None:
    labels = [LABEL | {"rle": {"size": [9, 9], "counts": counts}}]
    reply = answer(200, NOBODY | {"image": {"width": 9, "height": 9}, "labels": labels}, **JSON)
    with scripted(reply) as (url, _), pytest.raises(jppnet.ProblemError):
        ask(url, "parse", b"photo")


PNG = b"\x89PNG\r\n\x1a\n and so on IEND\xaeB`\x82"


def picture(content: bytes, media_type: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", media_type)
        handler.end_headers()
        handler.wfile.write(content)

    return reply


@pytest.mark.parametrize(
    ("content", "media_type", "accept"),
    [
        (b"<h1>It works!</h1>", "text/html", None),
        (PNG[:-3], "image/png", None),
        (b"<h1>It works!</h1>", "image/png", None),
        (b"\xff\xd8 and so on", "image/jpeg", None),
        (b'{"people": ', "application/json", None),
        (PNG, "image/png", "image/jpeg"),
        (b"", "image/png", None),
    ],
)
def test_only_whole_answers_are_fetched(ask: Ask, content: bytes, media_type: str, accept: str | None) -> None:
    with scripted(picture(content, media_type)) as (url, _), pytest.raises(jppnet.ProblemError):
        ask(url, "fetch", "parse", b"photo", format="mask", accept=accept)
    with scripted(picture(PNG, "image/png")) as (url, _):
        assert ask(url, "fetch", "parse", b"photo", format="mask", accept="image/*") == PNG


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"type": 7, "status": "503"}', '{"title": null}', "[" * 99999]
)
def test_a_problem_that_is_none_is_still_told(ask: Ask, content: str) -> None:
    reply = answer(422, content, Content_Type="application/problem+json", X_Request_ID="9")
    with scripted(reply) as (url, got), pytest.raises(jppnet.ProblemError) as refused:
        ask(url, "pose", b"photo")
    problem = refused.value
    assert (problem.type, problem.status, problem.request_id, len(got)) == ("about:blank", 422, "9", 1)
    assert all(isinstance(text, str) for text in (problem.title, problem.detail))


def test_an_address_that_leads_nowhere_is_an_error_of_transport(ask: Ask) -> None:
    for url in ("http://[", "http://" + "a" * 70 + ".example"):
        with pytest.raises(httpx.TransportError):
            ask(url, "model", client={"retries": 0})


@pytest.mark.parametrize("location", ["/", "http://[", "http://" + "a" * 70 + ".example/", "gopher://hole/", ""])
def test_being_sent_around_is_an_error_of_transport(ask: Ask, location: str) -> None:
    with scripted(answer(307, "", Location=location)) as (url, _), pytest.raises(httpx.TransportError):
        ask(url, "model", client={"retries": 0})


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "", "http://host:99999999"])
def test_what_is_no_address_is_said_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is no address of a service"):
        jppnet.Client(url)
