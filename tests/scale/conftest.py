"""What the tests of service/scale share: the toy model, an album with broken photos, and processes that always end."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "service"))  # the toy model, and servers around it

from processes import Family, end
from toy_model import jpeg, paint, toy_card, write_toy_model

from service.settings import Settings

BROKEN = {"broken/cut.jpg": "The file is cut off", "broken/empty.jpg": "empty", "broken/text.jpg": "no picture"}


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


def make_album(folder: Path, photos: int, width: int = 160, height: int = 120) -> Path:
    """A folder with that many different photos, some in a folder of their own, three broken ones and a text."""
    for number in range(photos):
        file = folder / ("more" if number % 3 == 0 else ".") / f"{number:04}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(paint(width, height, {1: (10 + number % 40, 20, 60, 60), 3: (40, 5, 20, 30)})))
    whole = (folder / "more" / "0000.jpg").read_bytes()
    (folder / "broken").mkdir()
    (folder / "broken" / "cut.jpg").write_bytes(whole[:700])
    (folder / "broken" / "empty.jpg").write_bytes(b"")
    (folder / "broken" / "text.jpg").write_text("no photo")
    (folder / "notes.txt").write_text("not even named like one")
    return folder
