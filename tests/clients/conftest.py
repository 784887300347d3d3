"""A service with the toy model, and either client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.either_client import Ask, ask_awaited, ask_blocking
from tests.helpers.serving import serving
from tests.helpers.toy_detector import toy_detector_card, write_toy_detector
from tests.helpers.toy_model import toy_card, write_toy_model


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model's file."""
    return write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx", toy_card())


@pytest.fixture(scope="session")
def service(toy: Path) -> Iterator[str]:
    """The address of a service that looks once, so that what it says can be worked out."""
    settings = Settings(model=toy, provider="cpu", lanes=1, threads=1, max_batch=1, closer_look=False)
    with serving(Engine.start(settings), settings) as client:
        yield str(client.base_url)


@pytest.fixture(scope="session")
def crowd(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that looks for everybody."""
    detector = write_toy_detector(tmp_path_factory.mktemp("detector") / "detector.onnx", toy_detector_card())
    settings = Settings(model=toy, detector=detector, provider="cpu", lanes=1, threads=1, max_batch=1)
    with serving(Engine.start(settings), settings) as client:
        yield str(client.base_url)


@pytest.fixture(params=["sync", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks the service at an address by the blocking client or the other: what one does, both do."""

    return ask_blocking if request.param == "sync" else ask_awaited
