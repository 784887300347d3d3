"""The start of every command: settings, and an engine.

ONNX Runtime comes with an extra of the installation: nothing here may need it before there is an engine to start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.engine.errors import StartError
from service.environment import SettingsError, read_settings
from service.settings import ProviderName, Settings

if TYPE_CHECKING:
    from service.engine.engine import Engine

Model = Annotated[
    Path | None,
    typer.Option(
        help="Model file, or the name of one that comes with jppnet: jppnet-lite (the default), jppnet-base.",
        envvar="JPPNET_MODEL",
    ),
]
Provider = Annotated[
    ProviderName | None,
    typer.Option(help="What runs the model. “auto” takes the best there is.", envvar="JPPNET_PROVIDER"),
]


def settings_from(given: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Settings] = read_settings) -> Settings:
    """The settings from the environment and the command line, None being not given; or the end of the command."""
    try:
        return read({name: value for name, value in given.items() if value is not None})
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def start_engine(settings: Settings) -> Engine:
    """A started engine, or the end of the command with the reason why there is none."""
    try:
        from service.engine.engine import Engine

        return Engine.start(settings)
    except StartError as error:
        typer.echo(f"jppnet cannot start: {error}", err=True)
        raise typer.Exit(1) from None
