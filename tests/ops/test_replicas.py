"""Two replicas behind docker/nginx: one is killed under load, and nobody is turned away for it."""

import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.helpers.compose import merged
from tests.helpers.daemons import PHOTO, ROOT, free_port, process, service

pytestmark = [
    pytest.mark.ops,
    pytest.mark.skipif(not shutil.which("nginx"), reason="needs Debian's package nginx-light"),
]
TEMPLATE = ROOT / "docker" / "nginx" / "jppnet.conf.template"
BALANCERS_KEEP = 60
"""Seconds for which nginx and AWS's ALB keep a connection that is idle, by default."""
WHOLE = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/jppnet.conf;
}}
"""
"""What the nginx image has around its templates."""


@contextmanager
def proxy(folder: Path, *replicas: int, rate: int = 1000, burst: int = 2000, tls: Path | None = None) -> Iterator[str]:
    """nginx before the replicas at these ports; gives its address. ``tls`` is a folder with tls.crt and tls.key."""
    port = free_port()
    files = ("docker-compose.yml", "docker/compose.gpus.yml", *(["docker/compose.tls.yml"] if tls else []))
    listen = merged(*files)["services"]["proxy"]["environment"]["JPPNET_LISTEN"]
    values = {
        "JPPNET_REPLICAS": " ".join(f"server 127.0.0.1:{it} max_fails=1 fail_timeout=1s;" for it in replicas),
        "JPPNET_LISTEN": re.sub(r"listen \d+", f"listen 127.0.0.1:{port}", listen).replace("/etc/nginx/tls", str(tls)),
        "JPPNET_RATE": str(rate),
        "JPPNET_BURST": str(burst),
    }
    site = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], TEMPLATE.read_text())
    (folder / "jppnet.conf").write_text(site)
    config = folder / "nginx.conf"
    config.write_text(WHOLE.format(folder=folder))
    command = ["nginx", "-c", config, "-e", folder / "error.log"]
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    with process(command, f"{url}/readyz", folder / "nginx.log", verify=False):
        yield url


@dataclass
class Load:
    """Callers who send one photo after the other, and what they got: when, and with which status."""

    url: str
    answers: list[tuple[float, int]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                status = client.post("/pose", content=PHOTO).status_code
                self.answers.append((time.monotonic(), status))

    @contextmanager
    def by(self, callers: int) -> Iterator[None]:
        """So many callers at once, meanwhile."""
        threads = [threading.Thread(target=self.call) for _ in range(callers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(60)

    def rate(self, begin: float, end: float) -> float:
        """Photos answered a second in that time."""
        return sum(begin <= at < end and status == 200 for at, status in self.answers) / (end - begin)


def test_a_replica_that_is_killed_takes_no_photo_with_it(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    with ExitStack() as stack:
        replicas = [stack.enter_context(service(port, tmp_path / f"{port}.log")) for port in ports]
        load = Load(stack.enter_context(proxy(tmp_path, *ports)))
        with load.by(4):
            began = time.monotonic()
            time.sleep(10)
            killed = time.monotonic()
            replicas[0].kill()
            time.sleep(10)
            alone = time.monotonic()
            stack.enter_context(service(ports[0], tmp_path / "again.log"))
            back = time.monotonic()
            time.sleep(10)
            ended = time.monotonic()
        metrics = httpx.get(f"http://127.0.0.1:{ports[0]}/metrics").text
    print(
        f"\nphotos/s: {load.rate(began, killed):.1f} with two, {load.rate(killed, alone):.1f} with one killed, "
        f"{load.rate(back, ended):.1f} with it back; {len(load.answers)} photos"
    )
    assert {status for _, status in load.answers} == {200}
    assert 'jppnet_requests_total{route="/pose",status="200"}' in metrics, "the new replica has its share"


def test_a_balancer_that_keeps_connections_meets_none_that_is_being_closed(tmp_path: Path) -> None:
    """A plain nginx, which sends no POST twice, and keeps connections for a while less than the service does."""
    assert Settings.model_fields["keep_alive_seconds"].default > BALANCERS_KEEP
    port, own = free_port(), free_port()
    (tmp_path / "jppnet.conf").write_text(
        f"upstream plain {{ server 127.0.0.1:{port}; keepalive 16; keepalive_timeout 2s; }}\n"
        f"server {{ listen 127.0.0.1:{own}; location / {{ proxy_pass http://plain; proxy_http_version 1.1; "
        'proxy_set_header Connection ""; } }\n'
    )
    config = tmp_path / "nginx.conf"
    config.write_text(WHOLE.format(folder=tmp_path))
    command = ["nginx", "-c", config, "-e", tmp_path / "error.log"]
    url = f"http://127.0.0.1:{own}"
    with (
        service(port, tmp_path / "log", JPPNET_KEEP_ALIVE_SECONDS="3"),
        process(command, f"{url}/readyz", tmp_path / "nginx.log"),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        statuses = []
        for number in range(10):
            statuses.append(client.post("/pose", content=b"no photo").status_code)
            time.sleep(1.98 + 0.01 * (number % 4))
    assert set(statuses) == {415}


def test_when_no_replica_is_left_that_is_a_problem_with_a_time_to_come_back(tmp_path: Path) -> None:
    port = free_port()
    with service(port, tmp_path / "log") as replica, proxy(tmp_path, port) as url:
        replica.kill()
        replica.wait()
        answer = httpx.post(f"{url}/pose", content=PHOTO, headers={"X-Request-ID": "mine"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == "mine"


def test_a_full_replica_passes_photos_on(tmp_path: Path) -> None:
    """With one place each, two photos at once are both answered however nginx spreads them; a third is turned away."""
    ports = free_port(), free_port()
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(service(port, tmp_path / f"{port}.log", JPPNET_QUEUE_SIZE="1"))
        load = Load(stack.enter_context(proxy(tmp_path, *ports)))
        with load.by(2):
            time.sleep(5)
    assert {status for _, status in load.answers} == {200}


def test_https_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    tls, port = tmp_path / "tls", free_port()
    tls.mkdir()
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", tls / "tls.key", "-out", tls / "tls.crt"], check=True, capture_output=True)
    trusted = ssl.create_default_context(cafile=str(tls / "tls.crt"))
    with (
        service(port, tmp_path / "log", JPPNET_TRUSTED_PROXIES="127.0.0.1"),
        proxy(tmp_path, port, tls=tls) as url,
        httpx.Client(base_url=url, verify=trusted) as client,
    ):
        answer = client.post("/pose", content=PHOTO, timeout=60)
        plain = httpx.get(url.replace("https", "http") + "/livez")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert plain.status_code == 400


def test_each_caller_has_a_rate_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    with (
        service(port, tmp_path / "log"),
        proxy(tmp_path, port, rate=2, burst=3) as url,
        httpx.Client(base_url=url) as client,
    ):
        time.sleep(3)  # the proxy's own readiness checks came from this address, too
        greedy = [client.get("/livez", headers={"X-API-Key": "greedy"}) for _ in range(20)]
        other = client.get("/livez", headers={"Authorization": "Bearer other"})
        nobody = client.get("/livez")
    statuses = [answer.status_code for answer in greedy]
    assert statuses[:4] == [200] * 4, "one, and a burst of three"
    assert statuses.count(429) >= 10
    refused = next(answer for answer in greedy if answer.status_code == 429)
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["request_id"] == refused.headers["X-Request-ID"]
    assert (other.status_code, nobody.status_code) == (200, 200)


def test_the_proxy_logs_what_went_wrong_and_no_photo_that_was_answered(tmp_path: Path) -> None:
    port = free_port()
    with service(port, tmp_path / "log"), proxy(tmp_path, port) as url:
        assert httpx.post(f"{url}/pose", content=PHOTO, timeout=60).status_code == 200
        assert httpx.post(f"{url}/pose", content=b"no photo").status_code == 415
        time.sleep(0.5)
        log = (tmp_path / "nginx.log").read_text()
    assert '"POST /pose HTTP/1.1" 415' in log
    assert '" 200 ' not in log
