"""``jppnet serve``."""

import gc
import logging
import signal
import sys
from contextlib import suppress
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic.fields import FieldInfo

from service.cli.start import settings_from, start_engine
from service.environment import read_serving_settings
from service.logs import set_up_logs
from service.settings import PREFIX, Settings

log = logging.getLogger(__name__)

SECRET: Final = frozenset({"api_keys", "metrics_keys", "admin_keys"})
"""Settings that are no flags: everybody on a machine sees the arguments of its programs."""


def _option(name: str, field: FieldInfo) -> Parameter:
    meaning = " ".join((field.description or f"The {name} to listen on.").replace("``", "").split())
    default = "" if field.default_factory or field.default is None else f"; {_shown(field.default)} if not set"
    text = f"{meaning} ({PREFIX}{name.upper()}{default})"
    option = typer.Option(f"--{name.replace('_', '-')}", help=text, show_default=False, metavar="VALUE")
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])


def _shown(default: Any) -> str:
    if isinstance(default, Path):  # the model that comes with the service
        return default.stem
    return str(default).lower() if isinstance(default, bool) else str(default or "none")


def serve(**given: str | None) -> None:
    """Serve over HTTP.

    Every setting is a flag, and a variable of the environment, whose name is in brackets. Keys are variables alone:
    JPPNET_API_KEYS, of which a call then needs one, JPPNET_METRICS_KEYS for /metrics, and JPPNET_ADMIN_KEYS for
    /admin; with commas between.
    """
    settings = settings_from(given, read_serving_settings)
    # SIGTERM ends with status 0, whether the service is still starting or has drained.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    set_up_logs(settings.log_format, settings.log_level, captures=True)
    engine = start_engine(settings)
    if not settings.api_keys:
        log.info("no API keys are set: everybody who reaches %s may call", settings.host)
    # The port opens when the model is loaded, proven and warm, not before.
    from service.server import Server

    server = Server(engine, settings, host=settings.host, port=settings.port)
    gc.collect()
    gc.freeze()  # what is there now stays; looking through it for garbage took a seventh of the event loop's time
    with suppress(KeyboardInterrupt):
        server.run()


# What typer makes the flags of.
serve.__signature__ = Signature(  # type: ignore[attr-defined]
    [_option(name, field) for name, field in Settings.model_fields.items() if name not in SECRET]
)
