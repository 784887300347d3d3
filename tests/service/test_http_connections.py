"""Connections are bounded: heads, pipelined requests, times, and how many there are."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.api.connection.connections import Limits
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.load_scene import PHOTO, scene
from tests.helpers.raw_http import assert_raw_problem, connecting, is_ended, read_all, read_answer
from tests.helpers.serve_process import SERVE, served
from tests.helpers.serving import serving
from tests.helpers.toy_model import png

LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /pose HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO


@pytest.fixture(scope="module")
def impatient(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server that waits for nobody."""
    settings = Settings(
        model=toy_path, provider="cpu", lanes=1, max_batch=1, closer_look=False,
        head_seconds=0.5, body_seconds=0.5, keep_alive_seconds=1,
    )  # fmt: skip
    with serving(Engine.start(settings), settings) as client:
        yield client


def test_a_head_that_is_too_large_is_refused_at_once(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine\r\nX: " + bytes([65]) * 100_000)
        answer = read_answer(connection)
        assert assert_raw_problem(answer, 431, "head-too-large")["request_id"] == "mine"
        assert answer.headers["connection"] == "close"


def test_who_goes_on_sending_a_head_that_is_too_large_can_read_why(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ")
        for _ in range(100):
            connection.sendall(bytes([65]) * 50_000)
        assert_raw_problem(read_answer(connection), 431, "head-too-large")


def test_a_long_head_within_the_limit_is_answered(client: httpx.Client) -> None:
    assert client.get("/livez", headers={"X": "a" * 30_000}).status_code == 200
    assert client.get("/livez", headers={f"X-{number}": "a" for number in range(100)}).status_code == 200


def test_too_many_short_headers_are_refused(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"\r\n")
        assert_raw_problem(read_answer(connection), 431, "head-too-large")


def test_trailers_are_bounded_as_headers_are(client: httpx.Client) -> None:
    head = b"POST /pose HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    for trailers in (b"a: b\r\n" * 1000, b"a: " + b"b" * 1_000_000):
        with connecting(client) as connection:
            connection.sendall(head)
            time.sleep(0.05)
            connection.sendall(trailers)
            assert read_answer(connection).status in (400, 431)
            assert is_ended(connection, 5)


def test_a_large_body_in_tiny_chunks_is_refused_before_it_takes_long(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(b"POST /pose HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        time.sleep(0.05)
        connection.sendall(b"1\r\na\r\n" * 100_000)
        problem = assert_raw_problem(read_answer(connection), 400, "invalid-http")
        assert "in chunks of some kilobytes" in problem["detail"]


def test_chunks_of_one_byte_are_a_body_and_chunks_of_nothing_but_framing_are_none(client: httpx.Client) -> None:
    with connecting(client) as connection:
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in PHOTO) + b"0\r\n\r\n"
        connection.sendall(b"POST /pose HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        assert read_answer(connection).status == 200
    with connecting(client) as connection:
        connection.sendall(b"POST /pose HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        time.sleep(0.05)
        connection.sendall(b"1;" + b"x" * 500_000)
        assert_raw_problem(read_answer(connection), 400, "invalid-http")


def test_what_is_no_http_is_a_problem(client: httpx.Client) -> None:
    for nonsense in (b"hello\r\n\r\n", b"GET /livez HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"\x16\x03\x01"):
        with connecting(client) as connection:
            connection.sendall(nonsense + b"\r\n")
            assert_raw_problem(read_answer(connection), 400, "invalid-http")
            assert is_ended(connection, 5)


def test_nonsense_after_a_request_does_not_answer_it(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(POST + b"\x00nonsense\r\n\r\n")
        assert read_answer(connection).status == 200
        assert is_ended(connection, 5)


def test_pipelined_requests_are_answered_up_to_a_number(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(LIVE * 10)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).count(b"HTTP/1.1 200") == 10
    with connecting(client) as connection:
        connection.sendall(POST + LIVE * 5000)
        answers = read_all(connection)
        assert 2 <= answers.count(b"HTTP/1.1 200") <= 20
        assert answers.count(b"connection: close") == 1


def test_a_head_that_does_not_come_on_is_refused(impatient: httpx.Client) -> None:
    with connecting(impatient) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        began = time.monotonic()
        for _ in range(6):  # a byte now and then does not help
            time.sleep(0.1)
            connection.sendall(b"a")
        assert_raw_problem(read_answer(connection), 408, "head-too-slow")
        assert time.monotonic() - began < 3


def test_who_asks_nothing_is_not_kept(impatient: httpx.Client) -> None:
    with connecting(impatient) as silent, connecting(impatient) as once:
        once.sendall(LIVE)
        assert read_answer(once).status == 200
        assert is_ended(once, 4)
        assert is_ended(silent, 4)


def test_a_body_that_does_not_come_on_is_refused_whatever_the_client_allows(impatient: httpx.Client) -> None:
    with connecting(impatient) as connection:
        connection.sendall(
            b"POST /pose HTTP/1.1\r\nHost: x\r\nX-Request-Timeout-Ms: 600000\r\nContent-Length: 9999\r\n\r\nabc"
        )
        assert_raw_problem(read_answer(connection), 408, "upload-too-slow")


def test_a_body_that_nobody_reads_is_not_waited_for_forever(impatient: httpx.Client) -> None:
    with connecting(impatient) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
        assert read_answer(connection).status == 200
        began = time.monotonic()
        while time.monotonic() - began < 8:
            try:
                connection.sendall(b"a")
            except ConnectionError:
                break
            time.sleep(0.05)
        assert time.monotonic() - began < 6, "uvicorn's own timer for idle connections ends with every byte"


def test_a_client_that_has_ended_its_sending_gets_its_answer(toy_path: Path) -> None:
    with scene(toy_path) as on, connecting(on.client) as connection:
        connection.sendall(POST)
        connection.shutdown(socket.SHUT_WR)
        on.wait_until_under_way(1)
        time.sleep(0.3)
        on.session.gate.set()
        answer = read_answer(connection)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert is_ended(connection, 5)


@pytest.mark.parametrize("part", [POST[:20], POST[:-10]], ids=["within the head", "within the body"])
def test_a_request_that_ends_too_soon_is_a_problem(client: httpx.Client, part: bytes) -> None:
    with connecting(client) as connection:
        connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        assert_raw_problem(read_answer(connection), 400, "invalid-http")
        assert is_ended(connection, 5)


def test_an_upgrade_that_is_not_offered_is_passed_over(client: httpx.Client) -> None:
    with connecting(client) as connection:
        connection.sendall(LIVE[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nnonsense")
        assert read_answer(connection).status == 200
        assert is_ended(connection, 5)


NOISE = png(np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), dtype=np.uint8))
OVERLAY = (
    b"POST /pose?format=overlay HTTP/1.1\r\nHost: x\r\nAccept: image/png\r\nContent-Length: %d\r\n\r\n" % len(NOISE)
    + NOISE
)
"""A request whose answer is larger than what systems hold for a connection."""


@contextmanager
def asking_and_not_reading(client: httpx.Client, times: int = 1) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((client.base_url.host, client.base_url.port or 80))
        connection.sendall(OVERLAY * times)
        yield connection


def wait_for_figure(client: httpx.Client, figure: str) -> None:
    until = time.monotonic() + 10
    while figure not in (figures := client.get("/metrics").text):
        assert time.monotonic() < until, figures
        time.sleep(0.1)


def test_answers_that_nobody_reads_are_given_up(toy_path: Path) -> None:
    with scene(toy_path, write_seconds=0.5) as on:
        on.session.gate.set()
        with asking_and_not_reading(on.client):
            wait_for_figure(on.client, 'jppnet_connections_ended_total{reason="answer-unread"} 1.0')
            wait_for_figure(on.client, "jppnet_connections 1.0")  # of the client that asks


def test_a_slow_reader_gets_its_whole_answer(toy_path: Path) -> None:
    with scene(toy_path, write_seconds=0.5) as on:
        on.session.gate.set()
        with asking_and_not_reading(on.client) as connection:
            connection.settimeout(10)
            received = bytearray()
            while len(received) < 6_000_000:
                received += connection.recv(100_000)
                if len(received) // 1_000_000 > (len(received) - 2048) // 1_000_000:
                    time.sleep(0.3)  # longer in all than an answer may stand still
            assert received.startswith(b"HTTP/1.1 200")


def test_answers_that_many_do_not_read_take_bounded_memory(toy_path: Path) -> None:
    with scene(toy_path, answer_budget_mb=5, share_runs=True) as on, ExitStack() as stack:
        on.session.gate.set()
        for _ in range(4):
            stack.enter_context(asking_and_not_reading(on.client))
        wait_for_figure(on.client, 'jppnet_connections_ended_total{reason="answers-unread"}')
        assert on.client.post("/pose", content=PHOTO).status_code == 200


def test_idle_connections_make_room_for_new_ones(toy_path: Path) -> None:
    with scene(toy_path, max_connections=4, keep_alive_seconds=60) as on, ExitStack() as stack:
        on.session.gate.set()
        idle = [stack.enter_context(connecting(on.client)) for _ in range(12)]
        assert on.client.post("/pose", content=PHOTO).status_code == 200
        assert is_ended(idle[0], 2), "the oldest"
        idle[-1].sendall(LIVE)
        assert read_answer(idle[-1]).status == 200, "the newest"


def test_slow_heads_make_room_for_new_connections(toy_path: Path) -> None:
    with scene(toy_path, max_connections=4) as on, ExitStack() as stack:
        on.session.gate.set()
        slow = [stack.enter_context(connecting(on.client)) for _ in range(4)]
        for connection in slow:
            connection.sendall(b"GET /livez HT")
        time.sleep(0.1)
        assert on.client.post("/pose", content=PHOTO).status_code == 200
        assert_raw_problem(read_answer(slow[0]), 503, "too-many-connections")


def test_health_is_answered_when_all_connections_are_at_work(toy_path: Path) -> None:
    with scene(toy_path, max_connections=3, share_runs=False) as on, ExitStack() as stack:
        working = [stack.enter_context(connecting(on.client)) for _ in range(3)]
        for connection in working:
            connection.sendall(POST)
        on.wait_until_under_way(3)
        for path in (b"/livez", b"/readyz"):
            with connecting(on.client) as connection:
                connection.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
                answer = read_answer(connection)
                assert (answer.status, answer.headers["connection"]) == (200, "close")
        with connecting(on.client) as connection:
            connection.sendall(POST)
            assert_raw_problem(read_answer(connection), 503, "too-many-connections")
        crowd = [stack.enter_context(connecting(on.client)) for _ in range(60)]
        with connecting(on.client) as connection:
            connection.sendall(LIVE)
            assert read_answer(connection).status == 200, "the newest takes the reserve's places"
        assert crowd
        on.session.gate.set()
        assert [read_answer(connection).status for connection in working] == [200] * 3


def test_few_descriptors_mean_few_connections() -> None:
    settings = Settings(max_connections=1000)
    few, many = Limits.of(settings, 44), Limits.of(settings, 20_000)
    assert few.connections + few.reserve + few.backlog <= 44 - 16
    assert few.connections >= 15
    assert (many.connections, many.reserve, many.backlog) == (1000, 16, 512)


SCARCE = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
{SERVE}
"""
"""The service in a process that may have 64 descriptors."""


def test_scarce_descriptors_shut_nobody_out(toy_path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr, served(toy_path, SCARCE, stderr) as (process, url), ExitStack() as stack:
        with httpx.Client(base_url=url) as client:
            for _ in range(100):
                with suppress(OSError):
                    stack.enter_context(connecting(client))
            for _ in range(3):
                assert httpx.get(f"{url}/livez").status_code == 200
                assert httpx.post(f"{url}/pose", content=PHOTO).status_code == 200
        assert process.poll() is None
    lines = log.read_text()
    assert "connections at once, not the 1000 of JPPNET_MAX_CONNECTIONS" in lines
    assert 1 <= lines.count("the limit of connections is reached") <= 3, "one line for many"
