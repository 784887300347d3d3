"""HTTP as bytes on a socket, for what no client library would send."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx


class RawAnswer(NamedTuple):
    """An answer as it came: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def connecting(client: httpx.Client) -> Iterator[socket.socket]:
    """A connection to the server of a client."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 10) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    parts = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def read_answer(connection: socket.socket) -> RawAnswer:
    """The next answer that is not an interim one; it must say how long it is."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            assert part, f"the connection ended after {data!r}"
            data += part
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        if status >= 200:
            break
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers["content-length"])
    while len(data) < length:
        part = connection.recv(65536)
        assert part, "the connection ended within an answer"
        data += part
    return RawAnswer(status, headers, data[:length])


def assert_raw_problem(answer: RawAnswer, status: int, name: str) -> dict[str, Any]:
    """Asserts that an answer is that problem, whole, and gives it."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.body)
    assert problem["type"] == f"urn:jppnet:problem:{name}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return problem


def is_ended(connection: socket.socket, within: float) -> bool:
    """Whether the server ends the connection in that many seconds; what comes until then is passed over."""
    until = time.monotonic() + within
    while (left := until - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            if not connection.recv(65536):
                return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True
    return False
