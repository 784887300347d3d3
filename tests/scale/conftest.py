"""What the tests of service/scale share: the toy model, and processes that always end."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "service"))  # the toy model, and servers around it

from service.settings import Settings
from tests.helpers.processes import Family, end
from tests.helpers.toy_model import toy_card, write_toy_model


@pytest.fixture(scope="session")
def toy_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The toy model on one lane."""
    path = write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx", toy_card())
    return Settings(model=path, provider="cpu", lanes=1, threads=1, max_batch=1)


@pytest.fixture
def family(toy_settings: Settings) -> Iterator[Family]:
    """Starts programs with the toy model; whatever becomes of them, they and all they started end with the test."""
    token = os.urandom(8).hex()
    variables = {"JPPNET_MODEL": str(toy_settings.model), "JPPNET_PROVIDER": "cpu", "JPPNET_LANES": "1"}
    try:
        yield Family(token, variables)
    finally:
        end(token)
