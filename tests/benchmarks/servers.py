"""The servers that are measured: how each is started, when it is ready, and how it ends with all its processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

ROOT: Final = Path(__file__).parents[2]
LOCALHOST: Final = "127.0.0.1"
START_SECONDS: Final = 180
STOP_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Setup:
    """What all servers are started with."""

    model: Path
    """The model file that all are given: of the model's precisions the one that suits the provider, by itself."""
    provider: str
    service_bin: Path
    """The folder with the command ``jppnet`` of an installation that holds only what the service needs."""
    logs: Path


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that can be started: its name in the tables and its command, ``{port}`` standing for the port."""

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    has_other_masks: bool = False
    """Does not compute exactly what the others do."""
    call: str = "/parse?people=one"
    """Path and query. The peers have no detector, and do not look at the query."""
    is_busy_when_idle: bool = False
    """Takes so much of the cores while nobody asks that it must not run beside those being measured."""


SERVE: Final = ("{service}/jppnet", "serve", "--port", "{port}")
OURS: Final = Kind("jppnet", SERVE, (("JPPNET_SHARE_RUNS", "false"),))
"""The service, which is asked for one person as the peers are, and computes each photo anew."""
HANDWRITTEN: Final = ("{bin}/uvicorn", "tests.benchmarks.peers.handwritten:app", "--port", "{port}", "--no-access-log")
FASTAPI: Final = Kind("FastAPI", HANDWRITTEN)
"""The endpoint with all that it may owe to the service: decoding at reduced size, smooth masks and their packing, and
one thread within a run."""
PEERS: Final = (
    FASTAPI,
    Kind("LitServe", ("{bin}/python", "-m", "tests.benchmarks.peers.litserve_server", "{port}")),
    Kind("BentoML", ("{bin}/bentoml", "serve", "tests.benchmarks.peers.bentoml_service:Parse", "--port", "{port}")),
    Kind("Ray Serve", ("{bin}/python", "-m", "tests.benchmarks.peers.ray_serve", "{port}"), is_busy_when_idle=True),
)
PLAIN: Final = Kind(
    "FastAPI, as one writes it",
    ("{bin}/uvicorn", "tests.benchmarks.peers.plain:app", "--port", "{port}", "--no-access-log"),
    has_other_masks=True,
)
"""The endpoint without any of that: OpenCV's decoder and PNG, ONNX Runtime as it comes, masks of nearest neighbours."""
SHARING: Final = Kind("jppnet, runs shared", SERVE)
"""The service as it comes: clients who send one photo at one moment share its run. Here no two do."""
EVERYBODY: Final = Kind("jppnet, people=auto", SERVE, OURS.environment, has_other_masks=True, call="/parse")
"""The service with its detector, which no peer has."""

COMPARED: Final = (OURS, *PEERS, PLAIN, SHARING, EVERYBODY)
COMPARED_QUICKLY: Final = (OURS, FASTAPI, PLAIN)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    kind: Kind
    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOCALHOST}:{self.port}"

    def tree(self) -> list[psutil.Process]:
        """Its processes."""
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def resident_bytes(self) -> int:
        """The memory that its processes hold."""
        return sum(process.memory_info().rss for process in self.tree())

    def cpu_seconds(self) -> float:
        """The time that its processes have computed."""
        return sum(sum(process.cpu_times()[:2]) for process in self.tree())


@contextmanager
def serving(kinds: list[Kind], setup: Setup, photo: bytes) -> Iterator[dict[str, Server]]:
    """Starts servers on ports of their own; gives them by name once each has answered the photo."""
    with ExitStack() as stack:
        servers = {}
        for kind in kinds:  # one after the other: what a server measures at its start is nobody else's start
            servers[kind.name] = stack.enter_context(_started(kind, setup))
            _wait_until_ready(servers[kind.name], photo, setup.logs)
        yield servers


@contextmanager
def _started(kind: Kind, setup: Setup) -> Iterator[Server]:
    port = _free_port()
    places = {"port": str(port), "bin": str(Path(sys.executable).parent), "service": str(setup.service_bin)}
    with (setup.logs / f"{kind.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [part.format(**places) for part in kind.command],
            cwd=ROOT, env=_environment(setup) | dict(kind.environment), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    server = Server(kind, port, psutil.Process(process.pid))
    try:
        yield server
    finally:
        _stop(server, process)


def _environment(setup: Setup) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "JPPNET_MODEL": str(setup.model),
        "JPPNET_PROVIDER": setup.provider,
        "BENCH_MODEL": str(setup.model),
        "BENCH_PROVIDER": setup.provider,
        "BENTOML_DO_NOT_TRACK": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # Ray's workers would else yield to every other process, the load generator too
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOCALHOST, 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(server: Server, photo: bytes, logs: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.process.is_running() and server.process.status() != "zombie":
        with suppress(httpx.HTTPError):
            if ask(server, photo).status_code == 200:
                return
        time.sleep(0.3)
    raise SystemExit(f"{server.kind.name} did not start; see {logs / server.kind.name}.log.")


def ask(server: Server, photo: bytes) -> httpx.Response:
    """Posts one photo."""
    return httpx.post(server.url + server.kind.call, content=photo, headers={"Content-Type": "image/jpeg"}, timeout=60)


def _stop(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Asks it to end, then ends what is left: some servers leave their workers behind."""
    family = server.tree()
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=5)
    process.wait()
