"""Closed-loop load by wrk: so many clients, each of which sends its next photo when it has its answer."""

import json
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.servers import Server

SCRIPT: Final = Path(__file__).with_name("closed_loop.lua")
COUNTED: Final = (0.2, 0.95)
"""The part of a run that is counted: once the server is warm, and while all connections are still busy."""


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """What so many clients got."""

    photos_per_second: float
    p50_ms: float
    p99_ms: float
    answers: int
    failures: int
    """Answers other than 200, and requests without an answer."""
    wrk_cores: float = 0
    """Cores that wrk itself took."""


def run_wrk(server: Server, clients: int, photos: list[Path], seconds: int) -> ClosedLoop:
    """Lets clients post photos to a server.

    Raises:
        RuntimeError: there was no answer at all.
    """
    command = [
        "wrk", "--threads", "1", "--connections", str(clients), "--timeout", "60s", "--duration", f"{seconds}s",
        "--latency", "--script", str(SCRIPT), server.url + server.kind.call, "--",
        *(str(part * seconds) for part in COUNTED), *map(str, photos),
    ]  # fmt: skip
    before = _cpu_of_children()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return parse_wrk(output, (_cpu_of_children() - before) / seconds)


def parse_wrk(output: str, wrk_cores: float = 0) -> ClosedLoop:
    """Reads what the script printed at the end.

    Raises:
        RuntimeError: there was no answer at all.
    """
    results = [line.removeprefix("RESULT ") for line in output.splitlines() if line.startswith("RESULT ")]
    if len(results) != 1:
        raise RuntimeError(f"wrk gave no result:\n{output}")
    result = json.loads(results[0])
    if not result["answers"]:
        raise RuntimeError(f"The server gave no answer:\n{output}")
    return ClosedLoop(**result, wrk_cores=wrk_cores)


def _cpu_of_children() -> float:
    """Seconds that children which have ended have computed; the servers still run, so these are wrk's."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
