"""``jppnet serve`` says why it cannot start."""

import importlib
from pathlib import Path

import pytest
import typer

from service.settings import Settings
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


def test_every_setting_is_in_the_help_and_is_a_flag_unless_it_is_secret(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    text = run("serve", "--help").stdout
    for name, field in Settings.model_fields.items():
        assert f"JPPNET_{name.upper()}" in text
        assert (f"--{name.replace('_', '-')} " in text) == (name not in ("api_keys", "metrics_keys", "admin_keys"))
        if name not in ("host", "port"):
            assert field.description, f"{name} has a docstring"


def test_flags_are_settings_and_come_before_variables(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def note(settings: Settings) -> None:
        seen.append(settings)
        raise typer.Exit(3)

    monkeypatch.setattr(importlib.import_module("service.cli.serve"), "start_engine", note)
    monkeypatch.setenv("JPPNET_MAX_PIXELS", "5")
    flags = [
        *("--max-pixels", 7, "--cors-origins", "https://a.b,https://c.d", "--closer-look", "false", "--lanes", 2),
        *("--provider", "openvino", "--model", "jppnet-base", "--detector", "", "--host", "0.0.0.0", "--port", 9000),
    ]
    assert run("serve", *flags).exit_code == 3
    (settings,) = seen
    assert (settings.max_pixels, settings.closer_look, settings.lanes, settings.provider) == (7, False, 2, "openvino")
    assert settings.cors_origins == ["https://a.b", "https://c.d"]
    assert (settings.model.stem, settings.detector, settings.host, settings.port) == (
        "jppnet-base",
        None,
        "0.0.0.0",
        9000,
    )
    assert "JPPNET_LANES: Input should be" in run("serve", "--lanes", "many").stderr
