"""The toy model, and a server around it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import serving
from toy_model import toy_card, write_toy_model

from service.engine.engine import Engine
from service.settings import Settings


@pytest.fixture(scope="session")
def toy_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model's file."""
    return write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx", toy_card())


@pytest.fixture(scope="session")
def client(toy_path: Path) -> Iterator[httpx.Client]:
    """A client of a server with the toy model and small limits: 0.2 MB, 200,000 pixels."""
    settings = Settings(model=toy_path, provider="cpu", lanes=2, max_upload_mb=0.2, max_pixels=200_000)
    with serving(Engine.start(settings), settings) as client:
        yield client
