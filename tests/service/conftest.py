"""The toy model, and servers around it on real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from hypothesis import settings as hypothesis_settings
from toy_model import toy_card, write_toy_model

from service.app import create_app
from service.engine.engine import Engine
from service.settings import Settings

# How long an example takes says more about what else the machine does than about the code.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session")
def toy_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model's file."""
    return write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx", toy_card())


@contextmanager
def serving(engine: Engine, settings: Settings) -> Iterator[httpx.Client]:
    """Serves an engine on a free port, and gives a client for it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(engine, settings), log_level="critical", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        host, port = listener.getsockname()
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=20) as client:
            yield client
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def client(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server with the toy model and small limits: 0.2 MB, 200,000 pixels."""
    settings = Settings(model=toy_path, provider="cpu", lanes=2, max_upload_mb=0.2, max_pixels=200_000)
    with serving(Engine.start(settings), settings) as client:
        yield client
