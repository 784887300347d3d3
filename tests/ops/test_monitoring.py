"""What docker/ gives Prometheus and Grafana, tried on a service at work."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.helpers.daemons import PHOTO, ROOT, free_port, process, service
from tests.helpers.fake_dcgm import fake_dcgm
from tests.helpers.toy_detector import Figure, draw, toy_detector_card, write_toy_detector
from tests.helpers.toy_model import toy_card, write_toy_model

pytestmark = [
    pytest.mark.ops,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="needs Debian's package prometheus"),
]
CONFIG = ROOT / "docker" / "prometheus" / "prometheus.yml"
DASHBOARD = json.loads((ROOT / "docker" / "grafana" / "dashboards" / "jppnet.json").read_text())
GROUP, NOBODY = draw(Figure(20, 40, 60, 160), Figure(150, 20, 80, 220), Figure(300, 60, 50, 120)).png, draw().png
QUERIES = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]

STAGES = next(query for title, query in QUERIES if title == "Where a photo's time goes")


def test_the_configuration_is_valid() -> None:
    subprocess.run(["promtool", "check", "config", CONFIG], check=True)


@pytest.fixture(scope="module")
def dcgm() -> Iterator[int]:
    with fake_dcgm(CONFIG.with_name("dcgm.csv")) as port:
        yield port


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, dcgm: int) -> Iterator[httpx.Client]:
    """Prometheus with the configuration as it is, but for where the service is, after half a minute of work."""
    folder = tmp_path_factory.mktemp("prometheus")
    port, own = free_port(), free_port()
    config = yaml.safe_load(CONFIG.read_text())
    config["scrape_configs"][0].pop("dns_sd_configs")
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    for rules in ("alerts.yml", "gpu-alerts.yml"):
        shutil.copy(CONFIG.with_name(rules), folder)
    config["scrape_configs"][1].pop("dns_sd_configs")
    config["scrape_configs"][1]["static_configs"] = [{"targets": [f"127.0.0.1:{dcgm}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{own}",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{own}"
    toys = {
        "JPPNET_MODEL": str(write_toy_model(folder / "toy.onnx", toy_card())),
        "JPPNET_DETECTOR": str(write_toy_detector(folder / "toy-detect.onnx", toy_detector_card())),
        "JPPNET_CLOSER_LOOK": "false",
    }
    with (
        service(port, folder / "service.log", **toys),
        process(command, f"{url}/-/ready", folder / "prometheus.log"),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        ends = time.monotonic() + 30
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as caller:
            while time.monotonic() < ends:
                for call in ("/parse", "/pose", "/analyze"):
                    assert caller.post(f"{call}?people=one", content=PHOTO).status_code == 200
                for photo in (GROUP, NOBODY):
                    assert caller.post("/analyze", content=photo).status_code == 200
                caller.post("/parse", content=b"no photo")
                time.sleep(0.2)
        yield client


def ask(prometheus: httpx.Client, query: str) -> list[Any]:
    """Every series of a query's answer, now."""
    answer = prometheus.get(
        "/api/v1/query", params={"query": query.replace("$__rate_interval", "1m").replace("$job", ".+")}
    ).json()
    assert answer["status"] == "success", answer
    series: list[Any] = answer["data"]["result"]
    return series


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_every_panel_shows_something(prometheus: httpx.Client, title: str, query: str) -> None:
    series = ask(prometheus, query)
    assert series, title
    assert all(float(one["value"][1]) >= 0 for one in series), "NaN is no figure"


def test_people_and_runs_are_those_of_the_photos(prometheus: httpx.Client) -> None:
    mean_people, mean_runs, nobody = (
        float(ask(prometheus, query)[0]["value"][1])
        for title, query in QUERIES
        if title in ("People in a photo", "Runs of the model for a photo", "Photos with nobody")
        and "quantile" not in query
    )
    assert mean_people == pytest.approx(1.5, abs=0.2), "three and none, in turn"
    assert nobody == pytest.approx(0.5, abs=0.07)
    assert mean_runs == pytest.approx(6 / 5, abs=0.2), "three photos of one, three people, nobody"
    stages = {series["metric"]["stage"]: float(series["value"][1]) for series in ask(prometheus, STAGES)}
    assert stages["detect"] > 0


def test_no_alert_fires_while_all_is_well(prometheus: httpx.Client) -> None:
    groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []
