"""Logs: a JSON object a line for machines, or lines for a person at a terminal; uvicorn's as well as our own.

What a record has in ``fields`` (``extra={"fields": {…}}``) goes along by name. Where a server logs as JSON, what others
write to stderr becomes JSON as well: native libraries, warnings and uncaught errors.
"""

import atexit
import faulthandler
import logging
import os
import select
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

from service.settings import LogFormat, LogLevel
from service.stderr_reader import FLUSH, json_line

log = logging.getLogger(__name__)

READER: Final = Path(__file__).with_name("stderr_reader.py")
FLUSH_SECONDS: Final = 1.0
"""How long the end of the process waits for the reader to have written all."""
STDERR: Final = 2


class JsonLines(logging.Formatter):
    """A JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the message."""
        fields = dict(_fields(record))
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json_line(record.created, record.levelname.lower(), record.name, record.getMessage(), fields)


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


def set_up_logs(form: LogFormat | None, level: LogLevel, captures: bool = False) -> None:
    """Sends all logs to stderr; by default pretty on a terminal, JSON elsewhere.

    ``captures``: where they are JSON, whatever else comes to stderr becomes lines of the log, too. That is for servers,
    whose stderr is a log; not for commands, which write to their caller.
    """
    pretty = form == "pretty" if form else sys.stderr.isatty()
    stream = _capture_stderr(level) if captures and not pretty and _is_process_stderr() else None
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Pretty() if pretty else JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    if stream:
        logging.captureWarnings(True)
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_uncaught_in_thread


def _is_process_stderr() -> bool:
    """Whether ``sys.stderr`` is file descriptor 2, and not what somebody put in its place in this process."""
    try:
        return sys.stderr.fileno() == STDERR
    except (AttributeError, OSError, ValueError):
        return False


def _capture_stderr(level: LogLevel) -> TextIO:
    """Makes file descriptor 2 a pipe to a reader process (:mod:`service.stderr_reader`); gives what it was before.

    Child processes inherit the pipe. The reader ends when the last of them has; this process waits for what it wrote.
    """
    before = os.dup(STDERR)
    read_end, write_end = os.pipe()
    done, done_end = os.pipe()
    program = [sys.executable, "-I", "-S", str(READER), level, str(done_end)]
    reader = subprocess.Popen(program, stdin=read_end, stdout=before, pass_fds=[done_end])
    os.dup2(write_end, STDERR)
    for descriptor in (read_end, write_end, done_end):
        os.close(descriptor)
    atexit.register(_flush, reader, done)
    faulthandler.enable()  # a crash says where it was
    return os.fdopen(before, "w", encoding="utf-8", errors="backslashreplace")


def _flush(reader: subprocess.Popen[bytes], done: int) -> None:
    """Waits until the reader has written what it was given: where this process is a container's first, its end is the
    reader's as well."""
    reader.returncode = 0  # it outlives this process, and is not to be warned of
    with suppress(OSError, ValueError):
        if not select.select([], [STDERR], [], FLUSH_SECONDS)[1]:
            return  # the reader of the log has stopped; do not wait for it
        sys.stderr.flush()
        os.write(STDERR, b"\n" + FLUSH + b"\n")
        select.select([done], [], [], FLUSH_SECONDS)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("uncaught %s: %s", kind.__name__, error, exc_info=(kind, error, trace))


def _log_uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not isinstance(failed.exc_value, SystemExit):
        _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
