"""What is deployed is held to its formats' schemas, and to what one part says of another."""

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from service.settings import Settings
from tests.helpers.compose import ROOT, merged

DOCKER = ROOT / "docker"
COMPOSE = "docker-compose.yml"
SCHEMA = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
WAYS = [
    (COMPOSE,),
    (COMPOSE, "docker/compose.cpu.yml"),
    (COMPOSE, "docker/compose.gpus.yml"),
    (COMPOSE, "docker/compose.gpus.yml", "docker/compose.tls.yml"),
    (COMPOSE, "docker/compose.monitoring.yml"),
    (COMPOSE, "docker/compose.gpus.yml", "docker/compose.monitoring.yml"),
]
"""The files that docker compose is called with together."""


@pytest.mark.parametrize("names", WAYS, ids=" ".join)
def test_compose_files_are_what_the_compose_specification_allows(names: tuple[str, ...]) -> None:
    problems = [f"{error.json_path}: {error.message}" for error in Draft7Validator(SCHEMA).iter_errors(merged(*names))]
    assert problems == []


@pytest.mark.parametrize("names", WAYS, ids=" ".join)
def test_every_file_that_compose_mounts_is_there(names: tuple[str, ...]) -> None:
    for service in merged(*names)["services"].values():
        mounted = [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./")]
        for path in mounted:
            assert (ROOT / path).exists(), path


def test_a_host_without_a_gpu_needs_none() -> None:
    service = merged(COMPOSE, "docker/compose.cpu.yml")["services"]["jppnet"]
    assert service["build"]["target"] == "cpu"
    assert service["deploy"]["resources"].keys() == {"limits"}


def test_each_replica_has_a_gpu_of_its_own_and_only_the_proxy_a_port() -> None:
    services = merged(COMPOSE, "docker/compose.gpus.yml")["services"]
    devices = [
        service["deploy"]["resources"]["reservations"]["devices"][0]
        for name, service in services.items()
        if name.startswith("jppnet")
    ]
    assert [device["device_ids"] for device in devices] == [["0"], ["1"]]
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]


def test_whoever_stops_the_service_waits_until_it_has_drained() -> None:
    drain = Settings.model_fields["drain_seconds"].default
    compose = merged(COMPOSE)["services"]["jppnet"]
    assert drain < int(compose["stop_grace_period"].removesuffix("s"))
    pod = yaml.safe_load((DOCKER / "k8s/base/deployment.yaml").read_text())["spec"]["template"]["spec"]
    before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert before + drain < pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("names", WAYS, ids=" ".join)
def test_no_log_fills_the_disk(names: tuple[str, ...]) -> None:
    for name, service in merged(*names)["services"].items():
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_prometheus_keeps_so_much_and_no_more() -> None:
    command = merged(COMPOSE, "docker/compose.monitoring.yml")["services"]["prometheus"]["command"]
    assert any(flag.startswith("--storage.tsdb.retention.size=") for flag in command)


def test_grafana_has_no_account_with_a_password_that_everybody_knows() -> None:
    settings = merged(COMPOSE, "docker/compose.monitoring.yml")["services"]["grafana"]["environment"]
    assert settings["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert settings["GF_AUTH_BASIC_ENABLED"] == "false"


def test_the_rule_for_expected_replicas_lies_where_prometheus_looks() -> None:
    compose = merged(COMPOSE, "docker/compose.monitoring.yml")
    (config,) = compose["services"]["prometheus"]["configs"]
    assert config["source"] in compose["configs"]
    folders = yaml.safe_load((DOCKER / "prometheus/prometheus.yml").read_text())["rule_files"]
    assert any(Path(config["target"]).match(pattern) for pattern in folders)


def test_a_dashboard_is_for_whatever_the_job_is_called() -> None:
    dashboard = json.loads((DOCKER / "grafana/dashboards/jppnet.json").read_text())
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["job"]
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            of_the_service = re.findall(r"\b(?:jppnet|process)_\w+(\{[^}]*\})?", target["expr"])
            assert all('job=~"$job"' in selector for selector in of_the_service), target["expr"]


def test_the_dashboard_and_the_alerts_ask_the_gpus_for_what_the_exporter_is_told_to_report() -> None:
    reported = set(re.findall(r"^(DCGM_\w+),", (DOCKER / "prometheus/dcgm.csv").read_text(), re.MULTILINE))
    for file in ("prometheus/gpu-alerts.yml", "grafana/dashboards/jppnet.json"):
        assert set(re.findall(r"DCGM_\w+", (DOCKER / file).read_text())) <= reported, file


@pytest.mark.parametrize("file", ["Dockerfile", "docker/ray/Dockerfile"])
def test_a_dockerfile_passes_hadolint(file: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / file], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_health_check_passes_over_a_port_that_is_none() -> None:
    """As Kubernetes sets it for a Service called “jppnet”."""
    command = [sys.executable, DOCKER / "health.py"]
    environment = {"JPPNET_PORT": "tcp://10.3.240.7:80"}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "http://127.0.0.1:8000/livez" in done.stderr


def test_the_image_calls_nobody_whatever_it_runs() -> None:
    assert "ORT_DISABLE_TELEMETRY=1" in (ROOT / "Dockerfile").read_text()
