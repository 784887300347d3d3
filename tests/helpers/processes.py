"""Programs that tests start, kill and surely end, with all the processes that those start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

MARK = "TEST_FAMILY_OF_JPPNET"


class Family:
    """Starts programs whose processes can be told from all others by a token in their environment."""

    def __init__(self, token: str, variables: dict[str, str]) -> None:
        self.token = token
        # Ray's workers step back behind everything else; on a busy machine the tests would wait for ever.
        quiet = {"RAY_worker_niceness": "0", "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
        self._environment = os.environ | quiet | variables | {MARK: token}

    def start(self, *arguments: object, output: Path | None = None) -> subprocess.Popen[str]:
        """Starts this Python with these arguments; its output goes into a file, or is one text to be read."""
        with output.open("w") if output else nullcontext(subprocess.PIPE) as sink:
            return subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                env=self._environment,
                stdout=sink,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def jppnet(self, *arguments: object) -> subprocess.Popen[str]:
        """Starts ``jppnet`` with these arguments."""
        return self.start("-c", "from service.cli import app; app()", *arguments)

    def run(self, *arguments: object, seconds: float = 240, status: int = 0) -> str:
        """Runs ``jppnet`` to its end, with this exit status; returns what it says."""
        process = self.jppnet(*arguments)
        output, _ = process.communicate(timeout=seconds)
        assert process.returncode == status, output
        return output

    def members(self, title: str = "") -> list[int]:
        """Ids of the processes of this family whose command line has this in it."""
        return [pid for pid in members(self.token) if title in _read(pid, "cmdline")]


def members(token: str) -> Iterator[int]:
    """Ids of the processes with a token in their environment, and of those that they started."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = {pid for pid in parents if f"{MARK}={token}" in _read(pid, "environ")}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    yield from found


def _read(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except OSError:  # it has ended, or is not ours
        return ""


def _parent(pid: int) -> int:
    """The id of the process that started this one; 0 if it has ended."""
    return int(([*_read(pid, "stat").rpartition(")")[2].split(), "0", "0"])[1])


def end(token: str) -> None:
    """Kills all processes of a family, and those that they start meanwhile."""
    until = time.monotonic() + 10
    while (pids := list(members(token))) and time.monotonic() < until:
        for pid in pids:
            kill(pid)
        time.sleep(0.1)


def kill(pid: int) -> None:
    """SIGKILL; nothing if the process has ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for(what: Callable[[], Any], seconds: float = 120) -> Any:
    """What a function gives, once that is something."""
    until = time.monotonic() + seconds
    while not (given := what()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
    return given
