"""``jppnet serve`` as a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

SERVE = "from service.cli import app; app()"


@contextmanager
def served(
    toy_path: Path, program: str = SERVE, stderr: IO[str] | int = subprocess.DEVNULL, **settings: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """``jppnet serve`` as a process of its own, ready; and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = {"JPPNET_MODEL": str(toy_path), "JPPNET_PROVIDER": "cpu", "JPPNET_LANES": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", str(port)],
        env=os.environ | known | settings,
        stderr=stderr,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"{url}/readyz").status_code == 200
                break
            except httpx.ConnectError:
                assert time.monotonic() < until
                time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.wait()
