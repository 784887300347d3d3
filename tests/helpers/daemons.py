"""The service and Debian's nginx and Prometheus, each as a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
PHOTO = (ROOT / "export" / "astronaut.jpg").read_bytes()


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(
    command: Sequence[str | Path], ready: str, log: Path, verify: bool = True, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """Runs a command, once the address ``ready`` answers with 200, until the end.

    ``verify``: whether that address's certificate must be trusted.
    """
    with log.open("w") as file:
        started = subprocess.Popen(command, env=os.environ | environment, stdout=file, stderr=file, text=True)
        try:
            until = time.monotonic() + 240
            while not _answers(ready, verify):
                assert started.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield started
        finally:
            started.kill()
            started.wait()


def _answers(url: str, verify: bool) -> bool:
    try:
        return httpx.get(url, timeout=2, verify=verify).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def service(port: int, log: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """The default model on a lane of the CPU."""
    known = {"JPPNET_PROVIDER": "cpu", "JPPNET_LANES": "1", "JPPNET_THREADS": "1", "JPPNET_PORT": str(port)}
    command = [sys.executable, "-c", "from service.cli import app; app()", "serve"]
    with process(command, f"http://127.0.0.1:{port}/readyz", log, **known, **settings) as started:
        yield started
