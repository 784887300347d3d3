"""What the settings make of what they are given."""

from pathlib import Path

import pytest

from service.settings import MODELS, Settings


@pytest.mark.parametrize("given", ["jppnet-lite", Path("jppnet-lite")])
def test_a_model_that_comes_with_the_service_is_taken_by_its_name(given: str | Path) -> None:
    assert Settings(model=given).model == MODELS / "jppnet-lite.onnx"  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["mine", "mine.onnx", "folder/jppnet-lite", str(MODELS / "jppnet-lite.onnx")])
def test_everything_else_is_a_file(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_MODEL", given)
    assert Settings().model == Path(given)
