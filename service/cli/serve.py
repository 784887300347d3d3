"""``jppnet serve``."""

import gc
import logging
import signal
import sys
from contextlib import suppress
from typing import Annotated

import typer

from service.cli.start import Model, Provider, settings_from, start_engine
from service.environment import read_serving_settings
from service.logs import set_up_logs
from service.server import Server

log = logging.getLogger(__name__)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", envvar="JPPNET_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, or JPPNET_PORT.")] = None,
    model: Model = None,
    provider: Provider = None,
) -> None:
    """Serve over HTTP. Every setting is an environment variable JPPNET_…; they are listed below."""
    given = {"host": host, "port": port, "model": model, "provider": provider}
    settings = settings_from(given, read_serving_settings)
    # SIGTERM ends with status 0, whether the service is still starting or has drained.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    set_up_logs(settings.log_format, settings.log_level, captures=True)
    engine = start_engine(settings)
    if not settings.api_keys:
        log.info("no API keys are set: everybody who reaches %s may call", settings.host)
    # The port opens when the model is loaded, proven and warm, not before.
    server = Server(engine, settings, host=settings.host, port=settings.port)
    gc.collect()
    gc.freeze()  # what is there now stays; looking through it for garbage took a seventh of the event loop's time
    with suppress(KeyboardInterrupt):
        server.run()
