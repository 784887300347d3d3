"""The real Dockerfile, built and run: as nobody in particular, on a root that nothing can be written to.

`make test-container`: needs root and Debian's buildah and debootstrap, and takes minutes.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.helpers.buildah import BASE, Image, is_possible
from tests.helpers.running import Container, running

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(not is_possible(), reason="needs root, buildah and debootstrap"),
]

PHOTO = (Path(__file__).parents[2] / "export" / "astronaut.jpg").read_bytes()
LARGEST_CPU_IMAGE = 480e6
HEALTH = ("python3", "/opt/health.py")
BROKEN = """
import http.server, os, signal, sys, threading
class Broken(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
signal.signal(signal.SIGTERM, lambda *_: threading.Timer(1, os._exit, [7]).start())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Broken).serve_forever()
"""
"""A service whose device has failed. It takes a while to end, as one that drains; the check ends with it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.2)


def answers(port: int) -> int | None:
    """The status that /readyz has at this port, if anything answers there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code
    except httpx.TransportError:
        return None


def wait_until_ready(container: Container) -> httpx.Client:
    wait_until(lambda: container.process.poll() is not None or answers(container.port) == 200)
    assert container.process.poll() is None, container.log.read_text()
    return httpx.Client(base_url=f"http://127.0.0.1:{container.port}", timeout=30)


@pytest.fixture(scope="module")
def cpu() -> Iterator[Image]:
    image = Image.build("cpu", VERSION="9.8.7", REVISION="abc")
    print(f"\ncpu: built in {image.seconds:.0f} s, {image.size / 1e6:.0f} MB unpacked")
    yield image
    image.remove()


@pytest.fixture
def container(cpu: Image, tmp_path: Path) -> Iterator[Container]:
    with running(cpu, tmp_path / "log", free_port()) as container:
        yield container


def test_the_image_says_how_it_is_run(cpu: Image) -> None:
    assert cpu.config["User"] == "10001:10001"
    assert tuple(cpu.config["Healthcheck"]["Test"]) == ("CMD", *HEALTH)
    assert cpu.config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert cpu.config["Labels"]["org.opencontainers.image.version"] == "9.8.7"
    assert cpu.config["Labels"]["org.opencontainers.image.revision"] == "abc"
    assert cpu.config["Labels"]["org.opencontainers.image.base.name"] == BASE
    assert cpu.size <= LARGEST_CPU_IMAGE, f"{cpu.size / 1e6:.0f} MB, of which\n{cpu.largest()}"
    assert not list(cpu.folder.glob("opt/jppnet/**/pip")), "what installs packages stays out"


def test_it_serves_as_nobody_in_particular_on_a_read_only_root(container: Container) -> None:
    client = wait_until_ready(container)
    assert container.run("id", "--user").stdout == "10001\n"
    assert "Read-only file system" in container.run("touch", "/opt/jppnet/x").stderr
    assert container.run(*HEALTH).returncode == 0
    model = client.get("/model").json()
    assert (model["name"], model["provider"]) == ("jppnet-lite", "cpu")
    mask = client.post("/parse", content=PHOTO)
    assert (mask.status_code, mask.headers["content-type"]) == (200, "image/png")
    people = client.post("/pose", files={"image": PHOTO}).json()["people"]
    assert len(people[0]["keypoints"]) == 16
    metrics = client.get("/metrics").text
    assert 'jppnet_requests_total{route="/parse",status="200"} 1.0' in metrics
    lines = [json.loads(line) for line in container.log.read_text().splitlines()]
    assert [line["route"] for line in lines if line.get("status") == 200 and "model" in line] == ["/parse", "/pose"]


def test_what_is_under_way_when_it_is_stopped_is_answered(container: Container) -> None:
    client = wait_until_ready(container)
    half_sent, goes_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield PHOTO[:1000]
        half_sent.set()
        goes_on.wait(10)
        yield PHOTO[1000:]

    got: list[int] = []
    upload = threading.Thread(target=lambda: got.append(client.post("/pose", content=slowly()).status_code))
    upload.start()
    assert half_sent.wait(10)
    time.sleep(0.2)
    threading.Timer(1, goes_on.set).start()
    assert container.stop() == 0
    upload.join(10)
    assert got == [200]


def test_one_that_does_not_answer_is_unhealthy_but_left_alone(cpu: Image, tmp_path: Path) -> None:
    with running(cpu, tmp_path / "log", free_port(), "sleep", "60") as container:
        wait_until(lambda: container.name == "sleep")
        checked = container.run(*HEALTH)
        assert checked.returncode == 1
        assert "does not answer" in checked.stderr
        assert container.process.poll() is None


def test_one_whose_device_has_failed_is_ended_by_the_health_check(cpu: Image, tmp_path: Path) -> None:
    port = free_port()
    with running(cpu, tmp_path / "log", port, "python3", "-c", BROKEN, str(port)) as container:
        wait_until(lambda: answers(container.port) == 503)
        assert container.run(*HEALTH).returncode == 1
        assert container.process.wait(60) == 7


def test_the_image_with_ray_has_ray_and_the_service(cpu: Image, tmp_path: Path) -> None:
    image = Image.build_on(cpu, "ray", "docker/ray", "SERVICE")
    print(f"\nray: built in {image.seconds:.0f} s, {image.size / 1e6:.0f} MB unpacked")
    try:
        assert image.config["User"] == "10001:10001"
        assert not list(image.folder.glob("opt/jppnet/**/pip")), "what installs packages stays out"
        program = "import ray.serve, service.scale.serve as s; print(s.app)"
        with running(image, tmp_path / "log", free_port(), "python3", "-c", program) as container:
            assert container.process.wait(120) == 0, container.log.read_text()
    finally:
        image.remove()


def test_without_a_gpu_the_image_for_gpus_refuses_to_start(tmp_path: Path) -> None:
    image = Image.build("gpu", CUDA="13")  # Debian's buildah takes its default for no stage's name
    print(f"\ngpu: built in {image.seconds:.0f} s, {image.size / 1e6:.0f} MB unpacked")
    try:
        with running(image, tmp_path / "log", free_port()) as container:
            assert container.process.wait(120) == 1
            said = container.log.read_text()
            print(said)
            assert "jppnet cannot start: " in said
            assert "cuda" in said
            assert "let the process see an NVIDIA GPU" in said
        assert "NVIDIA_REQUIRE_CUDA=cuda>=13.0,arch>=7.5" in image.config["Env"]
    finally:
        image.remove()
