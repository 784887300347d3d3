"""Every alert of docker/prometheus, tried by promtool on counters that begin where the service begins them."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.helpers.alert_scenarios import Expected, Scenario, Scrape, read_scrape, series
from tests.helpers.daemons import ROOT
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.serving import serving
from tests.helpers.toy_model import toy_card, write_toy_model

pytestmark = [
    pytest.mark.ops,
    pytest.mark.skipif(not shutil.which("promtool"), reason="needs Debian's package prometheus"),
]
RULES = [ROOT / "docker" / "prometheus" / name for name in ("alerts.yml", "gpu-alerts.yml")]
ALL_RULES = [rule for file in RULES for rule in yaml.safe_load(file.read_text())["groups"][0]["rules"]]
ALERTS = [rule["alert"] for rule in ALL_RULES if "alert" in rule]


def answered(status: int, route: str = "/parse") -> str:
    return series("jppnet_requests_total", route=route, status=str(status))


def rejected(reason: str) -> str:
    return series("jppnet_rejected_total", reason=reason)


def answered_within(seconds: str) -> str:
    return series("jppnet_request_seconds_bucket", route="/parse", le=seconds)


def of_gpu(field: str) -> str:
    return series(f"DCGM_FI_DEV_{field}", **GPU)


def up(instance: str) -> str:
    return series("up", instance=instance, job="jppnet")


GPU = {"Hostname": "host", "gpu": "0", "instance": "dcgm", "job": "dcgm"}
CRITICAL, WARNING = {"severity": "critical"}, {"severity": "warning"}
OF_A = {"instance": "a", "job": "jppnet"}

SCENARIOS = [
    Scenario(
        "all is well",
        [Expected(1200, alert) for alert in ALERTS],
        growth={
            answered(200): 150,
            answered_within("0.1"): 150,
            answered_within("+Inf"): 150,
            rejected("overloaded"): 1,
            rejected("not-a-photo"): 50,
        },
        values={
            "jppnet:replicas_expected": [1] * 81,
            "process_start_time_seconds": [1000] * 81,
            "jppnet_under_way_photos": [20] * 81,
            "process_resident_memory_bytes": [1e9] * 81,
            "jppnet_memory_limit_bytes": [8e9] * 81,
            of_gpu("XID_ERRORS"): [0] * 81,
            of_gpu("ROW_REMAP_FAILURE"): [0] * 81,
            of_gpu("GPU_TEMP"): [70] * 81,
            of_gpu("GPU_UTIL"): [90] * 81,
            of_gpu("FB_USED"): [20_000] * 81,
            of_gpu("FB_FREE"): [4_000] * 81,
        },
    ),
    Scenario(
        "a GPU that is hot, full and worn out",
        [
            Expected(60, "GpuXidError"),
            Expected(
                120, "GpuXidError", "GPU 0 of host reports Xid 79. `dmesg` says more.", CRITICAL | GPU
            ),
            Expected(
                120, "GpuRowRemapFailed", "The memory of GPU 0 of host is worn out. Replace the GPU.", CRITICAL | GPU
            ),
            Expected(360, "GpuHot"),
            Expected(420, "GpuHot", "GPU 0 of host has 91 °C, and soon runs slower.", WARNING | GPU),
            Expected(420, "GpuMemoryFull", "99% of the memory of GPU 0 of host is in use.", WARNING | GPU),
        ],
        values={
            of_gpu("XID_ERRORS"): [0] * 5 + [79] * 76,
            of_gpu("ROW_REMAP_FAILURE"): [0] * 5 + [1] * 76,
            of_gpu("GPU_TEMP"): [70] * 5 + [91] * 76,
            of_gpu("FB_USED"): [20_000] * 5 + [23_760] * 76,
            of_gpu("FB_FREE"): [4_000] * 5 + [240] * 76,
        },
    ),
    Scenario(
        "the model runs, and not on the GPU",
        [
            Expected(300, "GpuIdle"),
            Expected(
                1200, "GpuIdle", "The model runs, and no GPU is busy. GET /model says on which provider it runs.",
                WARNING,
            ),
        ],
        growth={"jppnet_device_seconds_total{}": 14},
        values={of_gpu("GPU_UTIL"): [0] * 81},
    ),
    Scenario(
        "one of two replicas dies and leaves the DNS, then the other stops answering",
        [
            Expected(105, "JppnetReplicaDown"),
            Expected(180, "JppnetReplicaDown", "A replica of jppnet is missing; 1 answer.", WARNING),
            Expected(180, "JppnetGone"),
            Expected(600, "JppnetGone", "No replica of jppnet answers.", CRITICAL),
            Expected(600, "JppnetReplicaDown", "A replica of jppnet is missing; 0 answer.", WARNING),
        ],
        values={up("a"): [1] * 24 + [0] * 57, up("b"): [1] * 8 + [None] * 73},
    ),
    Scenario(
        "a replica that was expected never came",
        [Expected(60, "JppnetReplicaDown", "A replica of jppnet is missing; 1 answer.", WARNING)],
        values={"jppnet:replicas_expected": [2] * 81},
    ),
    Scenario(
        "a device fails once, and the process ends",
        [
            Expected(60, "JppnetDeviceFailed"),
            Expected(
                90,
                "JppnetDeviceFailed",
                "The device of a has failed. Whatever watches the process must start it anew.",
                CRITICAL | OF_A | {"reason": "device-failed"},
            ),
        ],
        growth={rejected("device-failed"): [0] * 5 + [1]},
    ),
    Scenario(
        "errors, overload, photos too late",
        [
            Expected(60, "JppnetErrors"),
            Expected(300, "JppnetErrors", "2% of the photos meet an error in the service.", CRITICAL),
            Expected(300, "JppnetOverloaded", "4% of the photos are turned away: more replicas are needed.", WARNING),
            Expected(300, "JppnetTooLate", "Photos are not answered within the time that they are given.", WARNING),
        ],
        growth={
            answered(200): 140, answered(500): 3, answered(503): 6, answered(504): 1,
            rejected("overloaded"): 6, rejected("deadline-passed"): 1,
        },
    ),
    Scenario(
        "the first errors since the start are heard of",
        [Expected(240, "JppnetErrors", "100% of the photos meet an error in the service.", CRITICAL)],
        growth={answered(500): [0] * 4 + [1]},
    ),
    Scenario(
        "the queue is full",
        [
            Expected(120, "JppnetQueueFull"),
            Expected(240, "JppnetQueueFull", "93.75% of the places for photos at a are taken.", WARNING | OF_A),
        ],
        values={"jppnet_under_way_photos": [10] * 4 + [120] * 77},
    ),
    Scenario(
        "a photo finds too little memory",
        [
            Expected(60, "JppnetMemory"),
            Expected(
                120,
                "JppnetMemory",
                "a has too little memory: lower JPPNET_MAX_PIXELS_AT_WORK, or allow more.",
                WARNING | OF_A | {"reason": "out-of-memory"},
            ),
        ],
        growth={rejected("out-of-memory"): [0] * 5 + [1]},
        values={"process_resident_memory_bytes": [1e9] * 81, "jppnet_memory_limit_bytes": [8e9] * 81},
    ),
    Scenario(
        "memory comes near to its limit",
        [
            Expected(60, "JppnetMemory"),
            Expected(
                120, "JppnetMemory", "a has too little memory: lower JPPNET_MAX_PIXELS_AT_WORK, or allow more.",
                WARNING | OF_A,
            ),
        ],
        values={"process_resident_memory_bytes": [1e9] * 5 + [7.5e9] * 76, "jppnet_memory_limit_bytes": [8e9] * 81},
    ),
    Scenario(
        "a model is refused",
        [
            Expected(60, "JppnetModelRefused"),
            Expected(
                120,
                "JppnetModelRefused",
                "a was to take another model and could not. Its log says why; the old one goes on.",
                WARNING | OF_A | {"result": "refused"},
            ),
        ],
        growth={series("jppnet_model_replacements_total", result="refused"): [0] * 5 + [1]},
    ),
    Scenario(
        "slow answers",
        [
            Expected(240, "JppnetSlow"),
            Expected(720, "JppnetSlow", "One photo in twenty takes longer than 1.75s.", WARNING),
        ],
        growth={answered_within("1.0"): 90, answered_within("2.5"): 100, answered_within("+Inf"): 100},
    ),
    Scenario(
        "a replica that cannot stay",
        [
            Expected(120, "JppnetRestarts"),
            Expected(
                240,
                "JppnetRestarts",
                "The replica at a starts again and again. Its log says why.",
                WARNING | OF_A,
            ),
        ],
        values={"process_start_time_seconds": [0] * 5 + [60] * 5 + [120] * 5 + [180] * 66},
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Scrape:
    """What a service that has answered nothing yet says to Prometheus."""
    toy = write_toy_model(tmp_path_factory.mktemp("model") / "toy.onnx", toy_card())
    settings = Settings(model=toy, provider="cpu", detector=None)
    with serving(gated_engine(GatedSession(toy), settings), settings) as client:
        return read_scrape(client.get("/metrics").text)


def tried(folder: Path, tests: Sequence[dict[str, Any]]) -> str:
    """What promtool says is wrong with these tests; nothing if they pass."""
    file = folder / "tests.yml"
    document = {"rule_files": [str(file) for file in RULES], "evaluation_interval": "15s", "tests": list(tests)}
    file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_alerts_fire_when_they_should_and_only_then(scenario: Scenario, begin: Scrape, tmp_path: Path) -> None:
    assert tried(tmp_path, [scenario.test(begin)]) == ""


def test_each_alert_is_seen_to_fire() -> None:
    assert {one.alert for scenario in SCENARIOS for one in scenario.expected if one.summary} == set(ALERTS)


def test_a_counter_that_is_born_at_its_first_failure_would_be_found(begin: Scrape, tmp_path: Path) -> None:
    scenario = next(scenario for scenario in SCENARIOS if scenario.name.startswith("a device fails"))
    lazy = {name: value for name, value in begin.items() if "device-failed" not in name}
    assert "JppnetDeviceFailed" in tried(tmp_path, [scenario.test(lazy)])


def test_every_metric_that_an_alert_asks_for_is_one_of_the_services(begin: Scrape) -> None:
    known = {name.partition("{")[0] for name in begin}
    for rule in ALL_RULES:
        assert set(re.findall(r"\bjppnet_\w+", rule["expr"])) <= known, rule
