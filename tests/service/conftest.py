"""The toy model, a server around it, and its log."""

import io
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.engine.decoding.decoders import ProcessDecoder
from service.engine.engine import Engine
from service.logs import JsonLines
from service.settings import Settings
from tests.helpers.captured_log import Captured
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serving import serving
from tests.helpers.toy_detector import toy_detector_card, write_toy_detector
from tests.helpers.toy_model import toy_card, write_toy_model


@pytest.fixture(scope="session")
def toy_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model's file."""
    return write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx", toy_card())


@pytest.fixture(scope="session")
def detector_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy detector's file."""
    return write_toy_detector(tmp_path_factory.mktemp("detector") / "toy-detect.onnx", toy_detector_card())


@pytest.fixture(scope="module")
def people(toy_path: Path, detector_path: Path) -> Iterator[httpx.Client]:
    """A client of a server that looks for everybody."""
    settings = Settings(model=toy_path, detector=detector_path, provider="cpu", lanes=2, max_people=10)
    with serving(Engine.start(settings), settings) as client:
        yield client


@pytest.fixture(scope="module")
def plain(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server without a detector."""
    settings = Settings(model=toy_path)
    with serving(gated_engine(GatedSession(toy_path), settings), settings) as client:
        yield client


@pytest.fixture(scope="session")
def client(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server with the toy model and small limits: 0.2 MB, 200,000 pixels.

    It looks once: then the cells of the grid are whole pixels of the photos that the tests send.
    """
    settings = Settings(
        model=toy_path, provider="cpu", lanes=2, max_upload_mb=0.2, max_pixels=200_000, closer_look=False
    )
    with serving(Engine.start(settings), settings) as client:
        yield client


@pytest.fixture
def captured() -> Iterator[Captured]:
    """What the service logs from now on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    service = logging.getLogger("service")  # the client, which is in this process as well, logs what it sends
    service.addHandler(handler)
    service.setLevel(logging.INFO)
    yield Captured(stream)
    service.removeHandler(handler)
    service.setLevel(logging.NOTSET)


@pytest.fixture
def decoder() -> Iterator[ProcessDecoder]:
    decoder = ProcessDecoder(1)
    decoder.warm()
    yield decoder
    decoder.close()


@pytest.fixture
def stopped(decoder: ProcessDecoder) -> int:
    """The process, held in a task that it does not get on with."""
    (pid,) = decoder.pids
    os.kill(pid, signal.SIGSTOP)
    return pid
