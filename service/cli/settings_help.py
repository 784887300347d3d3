"""The list of all settings, for ``jppnet serve --help``."""

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from service.settings import PREFIX, Settings


def settings_help() -> str:
    """A paragraph for each setting: its variable, its default and what it means."""
    listed = (
        f"{PREFIX}{name.upper()} ({_default(field)}): {_meaning(field)}"
        for name, field in Settings.model_fields.items()
    )
    return "Settings:\n\n" + "\n\n".join(listed)


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, []):
        return "not set"
    if isinstance(value, Path):  # a model that comes with the service, by name
        return value.stem
    return str(value).lower() if isinstance(value, bool) else str(value)


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").replace("``", "").split())
