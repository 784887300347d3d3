"""What every command begins with: settings, and an engine."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from service.engine.engine import Engine
from service.engine.errors import StartError
from service.logs import set_up_logs
from service.settings import ProviderName, Settings

Model = Annotated[Path | None, typer.Option(help="Model file.", envvar="JPPNET_MODEL")]
Provider = Annotated[
    ProviderName | None,
    typer.Option(help="What runs the model. “auto” takes the best there is.", envvar="JPPNET_PROVIDER"),
]


def read_settings(**given: Any) -> Settings:
    """The settings from the environment, and over them what was given on the command line."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for item in error.errors():
            typer.echo(f"JPPNET_{str(item['loc'][0]).upper()}: {item['msg']}", err=True)
        raise typer.Exit(2) from None


def start_engine(settings: Settings) -> Engine:
    """A started engine, or the end of the command with the reason why there is none."""
    set_up_logs(settings.log_format, settings.log_level)
    try:
        return Engine.start(settings)
    except StartError as error:
        typer.echo(f"jppnet cannot start: {error}", err=True)
        raise typer.Exit(1) from None
