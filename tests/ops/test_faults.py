"""Alerts fire from real faults: a broken device, a killed replica, overload, a full queue, too little memory.

The rules are the real ones; only their times are shorter, so that nobody waits for minutes.
"""

import re
import resource
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import httpx
import pytest
import yaml

from tests.helpers.daemons import ROOT, free_port, process
from tests.helpers.toy_model import paint, png, toy_card, write_toy_model

pytestmark = [
    pytest.mark.ops,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="needs Debian's package prometheus"),
]
RULES = ROOT / "docker" / "prometheus" / "alerts.yml"
SECONDS = {"15m": "60s", "5m": "15s", "2m": "3s", "1m": "10s", "30s": "2s"}
"""What stands in the rules, and what is tried."""
PHOTO, LARGE = png(paint(192, 256, {1: (40, 80, 80, 80)})), png(paint(6000, 4000, {1: (40, 80, 80, 80)}))
PROGRAM = """
import os, time
from pathlib import Path
from service.engine.model.session import Session
run, folder = Session.run, Path(os.environ["FAULTS"])
def faulty(session, images):
    if (folder / "slow").exists():
        time.sleep(0.5)
    if (folder / "broken").exists():
        raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")
    return run(session, images)
Session.run = faulty
from service.cli import app
app()
"""


@dataclass(frozen=True)
class Replica:
    """A service whose device a test breaks or slows down, by a file in a folder."""

    process: Popen[str]
    url: str
    faults: Path

    def post(self, call: str = "/pose", photo: bytes = PHOTO) -> int:
        """The status of the answer to a photo."""
        return httpx.post(self.url + call, content=photo, timeout=60).status_code


@dataclass(frozen=True)
class Watched:
    """Replicas, and the Prometheus that watches them."""

    replicas: list[Replica]
    prometheus: httpx.Client

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        groups = self.prometheus.get("/api/v1/rules").json()["data"]["groups"]
        return {rule["name"] for group in groups for rule in group["rules"] if rule.get("state") == "firing"}

    def wait_for(self, *alerts: str) -> None:
        """Returns when these alerts fire."""
        until = time.monotonic() + 60
        while not set(alerts) <= (firing := self.firing()):
            assert time.monotonic() < until, f"{alerts} should fire, and {firing} do"
            time.sleep(0.5)


def hurried(rules: str) -> str:
    """The rules with shorter times."""
    return re.sub(r"(?<=\[)\w+(?=\])|(?<=for: )\w+", lambda found: SECONDS.get(found[0], found[0]), rules)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Three replicas, which have answered nothing yet, and Prometheus, which has seen that."""
    folder = tmp_path_factory.mktemp("faults")
    toy = write_toy_model(folder / "toy.onnx", toy_card())
    with ExitStack() as stack:
        replicas = []
        for name in ("a", "b", "c"):
            port, faults = free_port(), folder / name
            faults.mkdir()
            settings = {
                "JPPNET_MODEL": str(toy), "JPPNET_DETECTOR": "", "JPPNET_PROVIDER": "cpu", "JPPNET_LANES": "1",
                "JPPNET_QUEUE_SIZE": "2", "JPPNET_ISOLATE_DECODING": "none", "JPPNET_PORT": str(port),
                "JPPNET_SHARE_RUNS": "false", "FAULTS": str(faults),
            }  # fmt: skip
            command = [sys.executable, "-c", PROGRAM, "serve"]
            url = f"http://127.0.0.1:{port}"
            started = stack.enter_context(process(command, f"{url}/livez", folder / f"{name}.log", **settings))
            replicas.append(Replica(started, url, faults))
        (folder / "alerts.yml").write_text(hurried(RULES.read_text()))
        targets = [{"targets": [replica.url.removeprefix("http://") for replica in replicas]}]
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "jppnet", "static_configs": targets}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        own = free_port()
        command = [
            "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ]  # fmt: skip
        stack.enter_context(process(command, f"http://127.0.0.1:{own}/-/ready", folder / "prometheus.log"))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{own}", timeout=30))
        time.sleep(10)
        yield Watched(replicas, client)


def test_nothing_fires_while_nothing_is_wrong(watched: Watched) -> None:
    assert watched.replicas[0].post() == 200
    time.sleep(5)
    assert watched.firing() == set()


def test_too_little_memory(watched: Watched) -> None:
    replica = watched.replicas[1]
    status = Path(f"/proc/{replica.process.pid}/status").read_text()
    in_use = 1024 * int(re.search(r"VmSize:\s+(\d+) kB", status)[1])  # type: ignore[index]
    before = resource.prlimit(replica.process.pid, resource.RLIMIT_AS, (in_use + 50_000_000, -1))
    try:
        assert replica.post("/parse?format=cutout", LARGE) == 503
    finally:
        resource.prlimit(replica.process.pid, resource.RLIMIT_AS, before)
    watched.wait_for("JppnetMemory")


def test_overload_and_a_full_queue(watched: Watched) -> None:
    replica, ends = watched.replicas[1], threading.Event()
    (replica.faults / "slow").touch()

    def call() -> None:
        with httpx.Client(base_url=replica.url, timeout=60) as client:
            while not ends.is_set():
                client.post("/pose", content=PHOTO)
                time.sleep(0.05)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    try:
        watched.wait_for("JppnetOverloaded", "JppnetQueueFull")
    finally:
        ends.set()
        for caller in callers:
            caller.join()
        (replica.faults / "slow").unlink()


def test_a_device_fails(watched: Watched) -> None:
    replica = watched.replicas[2]
    (replica.faults / "broken").touch()
    assert replica.post() == 503, "one photo, no more"
    watched.wait_for("JppnetDeviceFailed")


def test_a_replica_is_killed(watched: Watched) -> None:
    watched.replicas[0].process.kill()
    watched.wait_for("JppnetReplicaDown")
