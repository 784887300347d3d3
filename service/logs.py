"""Logs: a JSON object a line for machines, or lines for a person at a terminal; uvicorn's as well as our own.

What a record has in ``fields`` (``extra={"fields": {…}}``) goes along by name.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from service.settings import LogFormat, LogLevel


class JsonLines(logging.Formatter):
    """A JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the message."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Pretty(logging.Formatter):
    """A short line for each record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-8s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The message, with the fields behind."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        return f"{super().format(record)}  {fields}".rstrip()


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def set_up_logs(form: LogFormat | None, level: LogLevel) -> None:
    """Sends all logs to stderr; by default pretty on a terminal, JSON elsewhere."""
    pretty = form == "pretty" if form else sys.stderr.isatty()
    handler = logging.StreamHandler()
    handler.setFormatter(Pretty() if pretty else JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
