"""Settings from the environment; a variable ``JPPNET_…`` that no setting has is an error."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from service.settings import PREFIX, SERVICE_LINK, Settings

CLIENT_KEY: Final = f"{PREFIX}API_KEY"
"""The key that the command line shows to a service."""
COMPOSE: Final = (
    "PUBLISH",
    "MODELS",
    "MEMORY",
    "REPLICAS",
    "EXPECTED_REPLICAS",
    "PROMETHEUS_SIZE",
    "LISTEN",
    "RATE",
    "BURST",
    "TLS",
)
NOT_OURS: Final = frozenset({CLIENT_KEY, *(f"{PREFIX}{name}" for name in COMPOSE)})
"""Variables that the command line, compose's files and the proxy read, and the service does not."""
SERVICE_LINKS: Final = re.compile(
    rf"{PREFIX}(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)", re.ASCII
)
"""What Kubernetes sets in every pod for each Service whose name begins with “jppnet”; and ``…PORT=tcp://…`` as well."""


class SettingsError(ValueError):
    """Variables or flags that cannot be; the message has a line for each."""


def read_settings(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings from the environment, and over them what was given otherwise, by name.

    Raises:
        SettingsError: a value cannot be, or a variable ``JPPNET_…`` is no setting.
    """
    wrong = [_unknown(name) for name in sorted(environment) if not _is_known(name, environment[name])]
    try:
        settings = Settings(**given)
    except ValidationError as error:
        wrong += _explained(error)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings


def read_serving_settings(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """:func:`read_settings` for who serves: a key that was meant for the service must not leave it open.

    Raises:
        SettingsError: as :func:`read_settings`, or ``JPPNET_API_KEY`` is set and ``JPPNET_API_KEYS`` is not.
    """
    settings = read_settings(given, environment)
    if CLIENT_KEY in environment and not settings.api_keys:
        raise SettingsError(
            f"{CLIENT_KEY} is the key that the command line shows to a service, and does not protect this one. Put the "
            f"keys of the service into {PREFIX}API_KEYS; or unset {CLIENT_KEY}, if everybody may call it."
        )
    return settings


def _is_known(name: str, value: str) -> bool:
    upper = name.upper()
    return (
        not upper.startswith(PREFIX)
        or upper.removeprefix(PREFIX).lower() in Settings.model_fields
        or upper in NOT_OURS
        or SERVICE_LINKS.fullmatch(upper) is not None
        or (upper.endswith("_PORT") and SERVICE_LINK.match(value) is not None)
    )


def nearest_setting(name: str) -> str | None:
    """The setting whose name is most like this one, which may be in capitals; None if no name is like it."""
    return next(iter(get_close_matches(name.lower(), Settings.model_fields, 1)), None)


def _unknown(name: str) -> str:
    near = nearest_setting(name.upper().removeprefix(PREFIX))
    return f"{name} is no setting. " + (
        f"Did you mean {PREFIX}{near.upper()}?"
        if near
        else "docs/operations.md lists the settings; unset it if it is another's."
    )


def _explained(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        yield f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}"
