"""``jppnet serve`` says why it cannot start."""

from pathlib import Path

import pytest

from tests.helpers.cli_runs import Run


def test_a_start_that_fails_says_why(run: Run, tmp_path: Path) -> None:
    missing = run("serve", "--model", tmp_path / "nowhere.onnx")
    assert missing.exit_code == 1
    assert "jppnet cannot start: There is no model file at" in missing.stderr


def test_a_setting_that_is_wrong_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_MAX_PIXELS", "many")
    result = run("serve")
    assert result.exit_code == 2
    assert "JPPNET_MAX_PIXELS: Input should be a valid integer" in result.stderr
