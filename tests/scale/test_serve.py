"""Ray Serve in HAProxy mode: the service's own answers, and what clients see of full, dead and broken replicas."""

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

pytest.importorskip("ray", reason="Ray is not installed: make test-scale")

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.breakable import BREAKER
from tests.helpers.processes import Family, end, kill, wait_for
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw, toy_detector_card, write_toy_detector
from tests.helpers.toy_model import jpeg, paint

PHOTO = draw(Figure(10, 4, 172, 248), width=192, height=256).png
"""One person, who fills the photo: one run."""
GROUP = draw(Figure(20, 40, 60, 160), Figure(150, 20, 80, 220), Figure(300, 60, 50, 120)).png
PEOPLE = {"auto": 3, "one": 1, "2": 2}
"""How many people of the group are answered, by who is wanted."""
REPLICA = "ServeReplica"


class Served:
    """Two replicas of one lane behind HAProxy."""

    def __init__(self, family: Family, url: str, breaker: Path) -> None:
        self.family = family
        self.url = url
        self.breaker = breaker

    def replicas(self) -> set[int]:
        """The replicas' processes."""
        return set(self.family.members(REPLICA))

    def answering(self) -> bool:
        """Whether two replicas answer."""
        try:
            with httpx.Client(base_url=self.url) as client:
                return len(self.replicas()) == 2 and client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def detecting(toy_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The toy model on one lane, and the toy detector."""
    detector = write_toy_detector(tmp_path_factory.mktemp("detector") / "toy-detect.onnx", toy_detector_card())
    return toy_settings.model_copy(update={"detector": detector})


@pytest.fixture(scope="module")
def served(detecting: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = {
        "http_options": {"host": "127.0.0.1", "port": port},
        "applications": [
            {
                "name": "jppnet",
                "import_path": "tests.helpers.breakable:app",
                "deployments": [
                    {
                        "name": "jppnet",
                        "ray_actor_options": {"num_cpus": 1},
                        "max_replicas_per_node": 2,
                        "autoscaling_config": {"min_replicas": 2, "max_replicas": 2},
                        "health_check_period_s": 1,
                    }
                ],
            }
        ],
    }
    (folder / "serve.yaml").write_text(json.dumps(config))  # JSON is YAML
    (folder / "broken").mkdir()
    variables = {
        "JPPNET_MODEL": str(detecting.model),
        "JPPNET_DETECTOR": str(detecting.detector),
        "JPPNET_PROVIDER": "cpu",
        "JPPNET_LANES": "1",
        "JPPNET_THREADS": "1",
        "JPPNET_QUEUE_SIZE": "4",
        BREAKER: str(folder / "broken"),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_RETRY_ON": "conn-failure empty-response",
        "RAY_SERVE_HAPROXY_TUNE_BUFSIZE": "524288",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
    }
    token = os.urandom(8).hex()
    family = Family(token, variables)
    try:
        process = family.start("-m", "ray.serve.scripts", "run", folder / "serve.yaml", output=folder / "log")
        served = Served(family, f"http://127.0.0.1:{port}", folder / "broken")
        wait_for(lambda: process.poll() is not None or served.answering(), 240)
        assert process.poll() is None, (folder / "log").read_text()
        yield served
    finally:
        end(token)


def test_the_answers_are_the_services(served: Served, detecting: Settings) -> None:
    with serving(Engine.start(detecting), detecting) as direct, httpx.Client(base_url=served.url) as client:
        for call in ("/parse", "/pose", "/analyze?format=overlay", "/parse?format=instances&people=2"):
            ours, theirs = (one.post(call, content=GROUP, headers={"X-Request-ID": "7"}) for one in (client, direct))
            assert ours.content == theirs.content
            for header in ("content-type", "etag", "x-request-id"):
                assert ours.headers[header] == theirs.headers[header]
        counts = {wish: len(client.post(f"/pose?people={wish}", content=GROUP).json()["people"]) for wish in PEOPLE}
        assert counts == PEOPLE
        assert client.post("/parse", content=b"").json()["type"] == "urn:jppnet:problem:empty-body"
        assert client.get("/livez").json() == {"status": "ok"}


def test_when_all_replicas_are_full_the_door_says_when_to_come_back(served: Served) -> None:
    answers = at_once(served, 64)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert len(refused) < len(answers)
    for answer in refused:
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:jppnet:problem:overloaded"
        assert int(answer.headers["Retry-After"]) >= 1


def at_once(served: Served, count: int) -> list[httpx.Response]:
    """Answers to that many photos, large ones, sent side by side."""
    photo = jpeg(paint(3000, 2000, {1: (10, 20, 600, 600)}))
    with ThreadPoolExecutor(count) as pool:
        return list(
            pool.map(lambda _: httpx.post(f"{served.url}/parse?people=one", content=photo, timeout=60), range(count))
        )


def test_a_replica_killed_under_load_costs_nothing_that_a_retry_does_not_bring(served: Served) -> None:
    victim = min(served.replicas())
    assert set(answers_while(served, lambda: kill(victim))) == {200}
    assert victim not in served.replicas()


def test_a_replica_whose_device_breaks_is_replaced(served: Served) -> None:
    victim = min(served.replicas())
    assert set(answers_while(served, (served.breaker / str(victim)).touch)) == {200}
    assert victim not in served.replicas()


def answers_while(served: Served, harm: Callable[[], object]) -> Counter[int]:
    """Keeps the replicas busy, does harm to one, and waits until another is there in its place. The answers' statuses;
    a 5xx is none, but asked again."""
    ended = threading.Event()
    answers: Counter[int] = Counter()
    before = served.replicas()

    def ask() -> None:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            while not ended.is_set():
                answers[ask_until_answered(client)] += 1

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            wait_for(lambda: sum(answers.values()) > 20)
            harm()
            wait_for(lambda: served.replicas() - before and served.answering(), 120)
            whole = sum(answers.values())
            wait_for(lambda: sum(answers.values()) > whole + 50)
        finally:
            ended.set()
        for done in asking:
            done.result()
    return answers


def ask_until_answered(client: httpx.Client) -> int:
    """Sends the photo until the answer is not a 5xx, or has been one for a minute. The last status.

    A connection that ends before an answer is asked anew, as the project's own clients do: HAProxy may close one just
    as the next photo is sent on it.
    """
    until = time.monotonic() + 60
    while (status := _ask(client)) >= 500 and time.monotonic() < until:
        time.sleep(0.05)
    return status


def _ask(client: httpx.Client) -> int:
    try:
        return client.post("/parse", content=PHOTO).status_code
    except httpx.RemoteProtocolError:
        return 502
