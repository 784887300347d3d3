"""A server whose one lane a test holds back, and clients beside each other."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from service.engine.detection.detector import PersonDetector
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serving import serving
from tests.helpers.toy_model import paint, png

PHOTO = png(paint(192, 256, {1: (40, 80, 80, 80)}))


class Scene:
    """A server whose one lane a test holds shut, and clients beside each other."""

    def __init__(self, session: GatedSession, engine: Engine, client: httpx.Client, pool: ThreadPoolExecutor) -> None:
        self.session, self.engine, self.client, self._pool = session, engine, client, pool

    def post(self, call: str = "/pose", photo: bytes = PHOTO) -> Future[httpx.Response]:
        """Sends a photo in the background."""
        return self._pool.submit(self.client.post, call, content=photo)

    def wait_until_under_way(self, count: int) -> None:
        """Returns when so many photos are in the service."""
        until = time.monotonic() + 10
        while self.engine.stats().under_way != count:
            assert time.monotonic() < until, f"{self.engine.stats().under_way} under way, not {count}"
            time.sleep(0.005)

    @contextmanager
    def posting(self, photo: bytes = PHOTO) -> Iterator[None]:
        """Sends a photo, and hangs up at the end of the block."""
        head = f"POST /pose HTTP/1.1\r\nHost: x\r\nContent-Length: {len(photo)}\r\n\r\n".encode()
        url = self.client.base_url
        with socket.create_connection((url.host, url.port or 80), 10) as connection:
            connection.sendall(head + photo)
            yield

    def post_and_hang_up(self, under_way: int = 2) -> None:
        """Sends a photo, and hangs up when so many photos are in the service: by default one beside it."""
        with self.posting():
            self.wait_until_under_way(under_way)

    def wait_until_waiting(self, count: int) -> None:
        """Returns when so many photos are in the queue for the device."""
        until = time.monotonic() + 10
        while self.engine.stats().queued != count:
            assert time.monotonic() < until, f"{self.engine.stats().queued} wait, not {count}"
            time.sleep(0.005)


@contextmanager
def scene(
    toy_path: Path,
    largest_batch: int = 1,
    closer_look: bool = False,
    detector: PersonDetector | None = None,
    **values: object,
) -> Iterator[Scene]:
    session = GatedSession(toy_path)
    session.gate.clear()
    settings = Settings(model=toy_path, closer_look=closer_look, **values)  # type: ignore[arg-type]
    engine = gated_engine(session, settings, largest_batch, detector)
    with ThreadPoolExecutor(16) as pool, serving(engine, settings) as client:
        yield Scene(session, engine, client, pool)
        session.gate.set()
