"""The command ``jppnet``: serve, or answer for files without a server."""

import gc
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from pydantic import ValidationError
from tqdm import tqdm

from service.api.answers import analyze_json, pose_json
from service.api.pictures import parse_png
from service.app import PATIENCE, create_app
from service.engine.analysis import Analysis
from service.engine.engine import Engine
from service.engine.errors import StartError
from service.files import SameAnswerError, answer_files, plan_tasks
from service.server import Server
from service.settings import ProviderName, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Human parsing and pose.")

Model = Annotated[Path | None, typer.Option(help="Model file.", envvar="JPPNET_MODEL")]
Provider = Annotated[
    ProviderName | None,
    typer.Option(help="What runs the model. “auto” takes the best there is.", envvar="JPPNET_PROVIDER"),
]
Photos = Annotated[list[Path], typer.Argument(help="Photos, and folders of photos.")]
Out = Annotated[Path, typer.Option(help="Folder that the answers are written to.", file_okay=False)]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", envvar="JPPNET_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", envvar="JPPNET_PORT")] = None,
    model: Model = None,
    provider: Provider = None,
) -> None:
    """Serve over HTTP. Every setting is also an environment variable JPPNET_…"""
    settings = _settings(host=host, port=port, model=model, provider=provider)
    # Whoever asks the service to end gets a success, whether it is still starting or has drained.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    engine = _start(settings)
    web_app = create_app(engine, settings)
    gc.collect()
    gc.freeze()  # what is there now stays; looking through it for garbage took a seventh of the event loop's time
    # The port opens when the model is loaded, proven and warm, not before.
    config = uvicorn.Config(
        web_app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks where a client is
        timeout_graceful_shutdown=max(0, settings.drain_seconds - settings.notice_seconds - PATIENCE),
    )
    with suppress(KeyboardInterrupt):
        Server(config, engine, settings.notice_seconds).run()


@app.command()
def parse(photos: Photos, out: Out, model: Model = None, provider: Provider = None) -> None:
    """Write a mask for each photo: a palette PNG whose pixel values are label ids."""
    _answer(photos, out, ".png", parse_png, _settings(model=model, provider=provider))


@app.command()
def pose(photos: Photos, out: Out, model: Model = None, provider: Provider = None) -> None:
    """Write the joints of the person in each photo, as JSON."""
    _answer(photos, out, ".json", pose_json, _settings(model=model, provider=provider))


@app.command()
def analyze(photos: Photos, out: Out, model: Model = None, provider: Provider = None) -> None:
    """Write labels, mask and joints for each photo, as JSON."""
    _answer(photos, out, ".json", analyze_json, _settings(model=model, provider=provider))


def _settings(**given: Any) -> Settings:
    """The settings from the environment, and over them what was given on the command line."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for item in error.errors():
            typer.echo(f"JPPNET_{str(item['loc'][0]).upper()}: {item['msg']}", err=True)
        raise typer.Exit(2) from None


def _start(settings: Settings) -> Engine:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:     %(message)s")
    try:
        return Engine.start(settings)
    except StartError as error:
        typer.echo(f"jppnet cannot start: {error}", err=True)
        raise typer.Exit(1) from None


def _answer(
    photos: list[Path], out: Path, suffix: str, encode: Callable[[Analysis], bytes], settings: Settings
) -> None:
    try:
        tasks = plan_tasks(photos, out, suffix)
    except SameAnswerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    engine = _start(settings)
    # A photo per lane to run, and as many to decode and encode meanwhile.
    at_once = 2 * len(engine.drive.sessions) * engine.drive.largest_batch
    outcomes = tqdm(answer_files(engine, tasks, encode, at_once), total=len(tasks), unit="photo")
    failed = sorted((outcome.task.photo, outcome.error) for outcome in outcomes if outcome.error)
    engine.close()
    for photo, reason in failed:
        typer.echo(f"{photo}: {reason}", err=True)
    if failed:
        typer.echo(f"{len(failed)} of {len(tasks)} photos failed.", err=True)
        raise typer.Exit(1)
