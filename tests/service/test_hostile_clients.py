"""Attacks on the real service, in a process with 8 GB of address space less what libraries reserve, as in compose.

While each goes on, one client beside it posts an ordinary photo a second, and another asks for /livez.
"""

import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import httpx
import numpy as np
import pytest

from tests.helpers.hostile_files import FILES
from tests.helpers.toy_model import jpeg

pytestmark = pytest.mark.slow

GIGABYTE: Final = 10**9
MEMORY: Final = 8 * GIGABYTE
"""What compose gives the service (``JPPNET_MEMORY``)."""
PHOTO_SECONDS, LIVEZ_SECONDS = 2.0, 0.5
"""The longest that answers may take to an ordinary photo, and to a health check."""
ATTACK_SECONDS: Final = 15.0
"""How long an attack goes on, if it does not end by itself."""
DRAIN_SECONDS: Final = 4
PROMISED: Final = 1.34 + 0.512 + 0.256
"""Gigabytes that the default settings allow photos, uploads and answers together, beside what the service has idle."""
TOLERANCE: Final = 1.2


class Target(NamedTuple):
    """The service that is attacked."""

    host: str
    port: int

    def connect(self, timeout: float = 10) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout)

    def client(self, timeout: float = 60) -> httpx.Client:
        """A client without TLS, which takes long to set up."""
        return httpx.Client(base_url=f"http://{self.host}:{self.port}", timeout=timeout, verify=False)


Attack = Callable[[Target], None]
"""Attacks until it is done, or for some seconds."""


def head(path: str, length: int, *headers: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers, "", "")
    return "\r\n".join(lines).encode()


def large_photo() -> bytes:
    side = np.linspace(0, 255, 8000, dtype=np.uint8)
    return jpeg(np.dstack([np.tile(side, (8000, 1))] * 3), quality=30)


def side_by_side(count: int, do: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=do, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def boxes(count: int, target: Target) -> None:
    """B1: boxes that each take the whole of the largest photo, as many as are let in, from four clients at once."""
    photo = large_photo()
    query = "&".join(["box=0,0,8000,8000"] * count)

    def ask(_: int) -> None:
        with target.client() as client:
            until = time.monotonic() + ATTACK_SECONDS
            while time.monotonic() < until:
                answer = client.post(f"/parse?format=json&{query}", content=photo)
                assert answer.status_code == (422 if count > 4 else answer.status_code)
                assert answer.status_code in (200, 422, 503, 504)

    side_by_side(4, ask)


def stalled_uploads(target: Target) -> None:
    """B2: 60 uploads of 19 MB that stop before their end, and would wait for ten minutes."""
    with ExitStack() as stack:
        connections = [stack.enter_context(target.connect()) for _ in range(60)]
        for connection in connections:
            with suppress(OSError):  # refused ones are closed
                connection.sendall(head("/pose", 19_000_001, "X-Request-Timeout-Ms: 600000"))
                connection.sendall(bytes(19_000_000))
        time.sleep(ATTACK_SECONDS)


def stalled_heads_of_uploads(target: Target) -> None:
    """B2: uploads that are announced, and of which a byte comes now and then."""
    with ExitStack() as stack:
        connections = [stack.enter_context(target.connect()) for _ in range(200)]
        for connection in connections:
            connection.sendall(head("/parse", 19_000_000, "X-Request-Timeout-Ms: 600000"))
        until = time.monotonic() + ATTACK_SECONDS
        while time.monotonic() < until:
            time.sleep(0.3)
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b"a")


def unread_answers(target: Target) -> None:
    """B2: answers of several megabytes that nobody reads, few of which take long to make."""
    noise = jpeg(np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), dtype=np.uint8))
    overlay = head("/pose?format=overlay", len(noise), "Accept: image/png") + noise
    script = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(target.connect())
            with suppress(OSError):
                connection.sendall(overlay if number % 20 == 0 else script * 10)
            time.sleep(0.1)


def header_of_50_megabytes(target: Target) -> None:
    """B3: a header that does not end."""

    def send(_: int) -> None:
        with target.connect() as connection, suppress(OSError):
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ")
            for _ in range(50):
                connection.sendall(b"a" * 1_000_000)

    for _ in range(5):
        side_by_side(4, send)


def short_headers(target: Target) -> None:
    """B3: 20 MB of headers of six bytes; and of pipelined requests, which are as short."""

    def send(number: int) -> None:
        line, lines = (b"a: b\r\n", 3_300_000) if number % 2 else (b"GET /livez HTTP/1.1\r\n\r\n", 900_000)
        with target.connect() as connection, suppress(OSError):
            connection.sendall(b"GET /livez HTTP/1.1\r\n" + line * lines)

    for _ in range(5):
        side_by_side(4, send)


def idle_connections(target: Target) -> None:
    """B3: more connections than there may be, some silent, some in the middle of a head or a body."""
    openings = (b"", b"GET /livez HTTP/1.1\r\nHo", head("/pose", 1000) + b"abc")
    with ExitStack() as stack:
        for number in range(3000):
            with suppress(OSError):
                connection = stack.enter_context(target.connect(2))
                connection.sendall(openings[number % 3])
        time.sleep(ATTACK_SECONDS / 2)


def costly_bodies(target: Target) -> None:
    """Bodies within the limit that take many times their size once they are understood."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    json = {"Content-Type": "application/json"}
    part = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n\r\n'
    bodies = [
        (form, part * (20_000_000 // len(part))),
        (form, part + b"\r\n--" * 4_000_000),
        (json, b'{"image": [' + b"{}," * 8_000_000 + b"1]}"),
        (json, b'{"image": "' + b"aa " * 8_000_000 + b'"}'),
        (json, b'{"image": "' + b"\\u0061" * 4_000_000 + b'"}'),
        (json, b'{"image": "' + b"A" * 26_000_000 + b'"}'),
    ]

    def send(number: int) -> None:
        headers, body = bodies[number]
        with target.client() as client, suppress(httpx.TransportError):  # refused while it is sent
            answer = client.post("/pose", content=body, headers=headers)
            assert 400 <= answer.status_code < 500 or answer.status_code == 503

    for _ in range(3):
        side_by_side(len(bodies), send)


def hostile_file(make: Callable[[], bytes], target: Target) -> None:
    """A: three clients that post a file that is made to break the decoder; with other bytes behind its end each time,
    for equal files at the same time are decoded once."""
    data = make()

    def send(_: int) -> None:
        until = time.monotonic() + ATTACK_SECONDS
        with target.client() as client:
            while time.monotonic() < until:
                assert client.post("/pose", content=data + os.urandom(8)).status_code in (200, 413, 415, 422, 503, 504)

    side_by_side(3, send)


ON_CONNECTIONS: Final[dict[str, Attack]] = {
    "boxes that are refused": partial(boxes, 32),
    "boxes that are let in": partial(boxes, 3),
    "stalled uploads": stalled_uploads,
    "stalled heads of uploads": stalled_heads_of_uploads,
    "unread answers": unread_answers,
    "a header of 50 MB": header_of_50_megabytes,
    "short headers": short_headers,
    "idle connections": idle_connections,
    "costly bodies": costly_bodies,
}
WITH_FILES: Final[dict[str, Attack]] = {make.__name__: partial(hostile_file, make) for make in FILES}
ATTACKS: Final = ON_CONNECTIONS | WITH_FILES


@dataclass
class Bystanders:
    """Honest clients, and a look at the service's memory, while an attack goes on."""

    target: Target
    process: subprocess.Popen[bytes]
    ends: threading.Event = field(default_factory=threading.Event)
    complaints: list[str] = field(default_factory=list)
    slowest_photo: float = 0.0
    slowest_livez: float = 0.0
    most_memory: int = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        threads = [threading.Thread(target=watch) for watch in (self._post, self._ask, self._measure)]
        for thread in threads:
            thread.start()
        try:
            yield
            time.sleep(1)
        finally:
            self.ends.set()
            for thread in threads:
                thread.join()

    def _post(self) -> None:
        photo = jpeg(cv2.resize(np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8), (800, 600)))
        while not self.ends.is_set():
            self.slowest_photo = max(self.slowest_photo, self._time("POST", "/parse", photo))
            self.ends.wait(1)

    def _ask(self) -> None:
        while not self.ends.is_set():
            self.slowest_livez = max(self.slowest_livez, self._time("GET", "/livez", b""))
            self.ends.wait(0.2)

    def _time(self, method: str, path: str, body: bytes) -> float:
        client = self.target.client(10)
        began = time.monotonic()
        try:
            with client:
                answer = client.request(method, path, content=body)
            if answer.status_code != 200:
                self.complaints.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        except httpx.HTTPError as error:
            self.complaints.append(f"{method} {path}: {error!r}")
        return time.monotonic() - began

    def _measure(self) -> None:
        while not self.ends.wait(0.3):
            self.most_memory = max(self.most_memory, memory_of(self.process.pid))


def memory_of(pid: int) -> int:
    """Bytes that a process and its descendants have in memory; what they share counts once."""
    total, pids = 0, [pid]
    while pids:
        folder = Path("/proc") / str(pids.pop())
        with suppress(OSError):
            lines = (folder / "smaps_rollup").read_text().splitlines()
            total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            pids += [
                int(child) for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()
            ]
    return total


Service = tuple[Target, subprocess.Popen[bytes]]


@contextmanager
def running(**settings: str) -> Iterator[Service]:
    """The service with its own model, and its own settings but for some."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        target = Target(*probe.getsockname())
    process = subprocess.Popen(
        [sys.executable, "-c", "from service.cli import app; app()", "serve", "--port", str(target.port)],
        env=os.environ | {"JPPNET_PROVIDER": "cpu", "JPPNET_LOG_LEVEL": "warning"} | settings,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    try:
        until = time.monotonic() + 60
        while True:
            with suppress(httpx.TransportError), target.client() as client:
                if client.get("/readyz").status_code == 200:
                    break
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield target, process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """One for all attacks, which is to survive them."""
    with running() as (target, process):
        yield target, process
        assert process.poll() is None


def attacking(attack: str, target: Target) -> ForkProcess:
    """The attack, begun, in a process of its own, so that it takes no time of the honest clients here."""
    attacker = multiprocessing.get_context("fork").Process(target=ATTACKS[attack], args=(target,))
    attacker.start()
    return attacker


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_service_ends_in_time_under_an_attack(attack: str) -> None:
    settings = {"JPPNET_LANES": "2", "JPPNET_THREADS": "1", "JPPNET_MAX_BATCH": "1"}
    with running(JPPNET_DRAIN_SECONDS=str(DRAIN_SECONDS), **settings) as (target, process):
        attacker = attacking(attack, target)
        try:
            time.sleep(ATTACK_SECONDS / 3)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(3 * DRAIN_SECONDS) == 0
            took = time.monotonic() - began
            print(f"{attack}: ended within {took:.2f} s")
            assert took < DRAIN_SECONDS + 1
        finally:
            attacker.kill()
            attacker.join()


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_keeps_nobody_waiting(service: Service, attack: str) -> None:
    target, process = service
    bystanders = Bystanders(target, process)
    idle = memory_of(process.pid)
    attacker = attacking(attack, target)
    with bystanders.watching():
        attacker.join()
    assert attacker.exitcode == 0
    print(
        f"{attack}: photo {bystanders.slowest_photo:.2f} s, /livez {bystanders.slowest_livez:.3f} s, "
        f"{bystanders.most_memory / GIGABYTE:.2f} GB"
    )
    assert process.poll() is None
    assert not bystanders.complaints
    assert bystanders.slowest_photo < PHOTO_SECONDS
    assert bystanders.slowest_livez < LIVEZ_SECONDS
    assert bystanders.most_memory < idle + TOLERANCE * PROMISED * GIGABYTE
