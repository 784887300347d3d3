"""What the settings make of what they are given."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import MODELS, Settings


@pytest.mark.parametrize("given", ["jppnet-lite", Path("jppnet-lite")])
def test_a_model_that_comes_with_the_service_is_taken_by_its_name(given: str | Path) -> None:
    assert Settings(model=given).model == MODELS / "jppnet-lite.onnx"  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["mine", "mine.onnx", "folder/jppnet-lite", str(MODELS / "jppnet-lite.onnx")])
def test_everything_else_is_a_file(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_MODEL", given)
    assert Settings().model == Path(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_upload_mb", "inf"), ("max_upload_mb", "nan"), ("max_upload_mb", "1e300"), ("upload_budget_mb", "inf"),
        ("timeout_seconds", "inf"), ("body_seconds", "-1"), ("threads", "99999999999"), ("lanes", "99999999999"),
        ("max_batch", "99999999999"), ("queue_size", "99999999999"), ("max_pixels", "9" * 30),
        ("drain_seconds", "99999999999"), ("max_connections", "0"),
    ],
)  # fmt: skip
def test_numbers_have_bounds(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"JPPNET_{name.upper()}", value)
    with pytest.raises(ValidationError) as error:
        Settings()
    (found,) = error.value.errors()
    assert found["loc"] == (name,)


@pytest.mark.parametrize(
    ("value", "isolation"),
    [
        ("auto", "auto"),
        ("all", "all"),
        ("none", "none"),
        ("true", "all"),
        ("False", "none"),
        ("1", "all"),
        ("0", "none"),
    ],
)
def test_decoding_may_be_isolated_in_all_or_some_or_no_cases(
    value: str, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It once was a truth value, and those still count."""
    monkeypatch.setenv("JPPNET_ISOLATE_DECODING", value)
    assert Settings().isolate_decoding == isolation


def test_the_notice_is_part_of_the_drain() -> None:
    assert Settings(drain_seconds=1, notice_seconds=1).notice_seconds == 1
    with pytest.raises(ValidationError, match=r"the notice \(20 s\) is part of the drain.* only 8 s") as error:
        Settings(notice_seconds=20)
    assert error.value.errors()[0]["loc"] == ("notice_seconds",), "so that the command line names the setting"
