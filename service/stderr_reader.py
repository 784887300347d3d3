"""A process that reads what a server's native libraries write to stderr, and writes it as lines of its JSON log.

A process of its own, no thread of the server: so the last words before a crash are read as well, and a library that
writes more than a pipe holds, while it holds Python's lock, does not wait for a thread that waits for this lock.

It is run by its path and imports the standard library alone, so that it starts in milliseconds.
"""

import json
import os
import re
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

LOGGER: Final = "stderr"
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
FLUSH: Final = b"\0"
"""A line that asks for a byte in answer, once all before it is written."""

LONGEST: Final = 1000
"""Bytes of a line; a longer one becomes several, so that each fits into an atomic write to a pipe."""
WINDOW: Final = 10.0
"""Seconds in which at most :data:`MOST` lines are written. What is more is counted, and the last of it kept."""
MOST: Final = 200
KEPT: Final = 100
"""Lines beyond the limit that are written after all when the server ends: why it did is among the last."""

ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*m")
PHOTOS: Final = re.compile(
    r"libpng (warning|error): |libjpeg|libwebp|Corrupt JPEG|Premature end of JPEG|Invalid SOS|Inconsistent progression"
    r"|Warning: unknown JFIF|Unsupported marker type|\[.*@.*\] global (grfmt_|loadsave|exif|bitstrm)"
)
"""What decoders say of a photo. Its request is answered with a problem and logged, so this is for debugging."""
OPENCV: Final = re.compile(r"\[ *(DEBUG|INFO|WARN|ERROR|FATAL): *\d+@[\d.]+\]")
ONNX_RUNTIME: Final = re.compile(r"\[([VIWEF]):onnxruntime")
LEVEL_OF: Final = {
    "DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error", "FATAL": "critical",
    "V": "debug", "I": "info", "W": "warning", "E": "error", "F": "critical",
}  # fmt: skip


def json_line(seconds: float, level: str, logger: str, message: str, fields: dict[str, Any]) -> str:
    """A line of the log; ``seconds`` since 1970 say when."""
    line = {
        "time": datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "logger": logger,
        "message": message,
    }
    return json.dumps(line | fields, ensure_ascii=False)


def level_of(text: str) -> str:
    """How bad it is what a line says: as the library says it, else an error, for who else writes there has failed."""
    if PHOTOS.match(text):
        return "debug"
    if said := OPENCV.search(text) or ONNX_RUNTIME.search(text):
        return LEVEL_OF[said[1]]
    return "warning" if "warn" in text.lower() else "error"


def split_lines(pending: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines, none of them longer than :data:`LONGEST`, and what is left of the last."""
    *lines, rest = pending.split(b"\n")
    if len(rest) > LONGEST:
        lines.append(rest)
        rest = b""
    pieces = [line[at : at + LONGEST] for line in lines for at in range(0, len(line), LONGEST)]
    return pieces, rest


class Limiter:
    """Writes lines, but not more than :data:`MOST` in :data:`WINDOW` seconds."""

    def __init__(self, lowest: str) -> None:
        self._lowest = LEVELS.index(lowest)
        self._window_ends = 0.0
        self._written = self._left_out = 0
        self._last = deque[str]("", KEPT)

    def take(self, text: str) -> Iterator[str]:
        """The lines of the log that a line of text becomes: one or none, and what is to be said of those before."""
        level = level_of(text)
        if LEVELS.index(level) < self._lowest:
            return
        line = json_line(time.time(), level, LOGGER, text, {})
        yield from self.look()
        if self._written < MOST:
            self._written += 1
            yield line
        else:
            self._left_out += 1
            self._last.append(line)

    def look(self) -> Iterator[str]:
        """Says, when its window is over, how many lines were left out."""
        if time.monotonic() >= self._window_ends:
            yield from self._told()
            self._window_ends, self._written = time.monotonic() + WINDOW, 0

    def end(self) -> Iterator[str]:
        """The last of the lines that were left out, and how many others were."""
        last = list(self._last)
        self._left_out -= len(last)
        yield from self._told()
        yield from last

    def _told(self) -> Iterator[str]:
        if self._left_out:
            message = f"{self._left_out} further lines were left out"
            yield json_line(time.time(), "warning", LOGGER, message, {"left_out": self._left_out})
        self._left_out = 0
        self._last.clear()


def main(lowest: str, done: int) -> None:
    """Reads stdin to its end, which is when the server and all that it started have ended, and writes to stdout.

    ``lowest`` is the level from which on lines are written, ``done`` the descriptor that answers a :data:`FLUSH`.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the server ends first, and may have something to say about it
    limiter, pending = Limiter(lowest), b""
    while True:
        ready, _, _ = select.select([0], [], [], 1.0)
        content = os.read(0, 1 << 16) if ready else b""
        lines, pending = split_lines(pending + content)
        for line in lines:
            if line == FLUSH:
                with suppress(OSError):
                    os.write(done, b"\n")
                continue
            if line.strip():
                _write(limiter.take(_text(line)))
        _write(limiter.look())
        if ready and not content:
            break
    if pending:
        _write(limiter.take(_text(pending)))
    _write(limiter.end())


def _text(line: bytes) -> str:
    return ESCAPES.sub("", line.decode(errors="replace")).rstrip("\r")


def _write(lines: Iterator[str]) -> None:
    for line in lines:
        rest = line.encode(errors="replace") + b"\n"
        with suppress(OSError):  # the log has no reader any more; that must not block the server
            while rest:
                rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
