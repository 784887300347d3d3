"""``jppnet serve``."""

import gc
import signal
import sys
from contextlib import suppress
from typing import Annotated

import typer

from service.cli.start import Model, Provider, read_settings, start_engine
from service.server import Server


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", envvar="JPPNET_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", envvar="JPPNET_PORT")] = None,
    model: Model = None,
    provider: Provider = None,
) -> None:
    """Serve over HTTP. Every setting is also an environment variable JPPNET_…"""
    settings = read_settings(host=host, port=port, model=model, provider=provider)
    # Whoever asks the service to end gets a success, whether it is still starting or has drained.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    engine = start_engine(settings)
    # The port opens when the model is loaded, proven and warm, not before.
    server = Server(engine, settings, host=settings.host, port=settings.port)
    gc.collect()
    gc.freeze()  # what is there now stays; looking through it for garbage took a seventh of the event loop's time
    with suppress(KeyboardInterrupt):
        server.run()
