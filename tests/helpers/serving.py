"""Servers around an engine, on real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from service.engine.engine import Engine
from service.server import Server
from service.settings import Settings


@contextmanager
def serving(engine: Engine, settings: Settings) -> Iterator[httpx.Client]:
    """Serves an engine on a free port, and gives a client for it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server(engine, settings)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        host, port = listener.getsockname()
        try:
            with httpx.Client(base_url=f"http://{host}:{port}", timeout=20) as client:
                yield client
        finally:  # a test that fails must not leave a thread behind that keeps the run from ending
            server.should_exit = True
            thread.join(10)
        assert not thread.is_alive(), "the server did not stop"
