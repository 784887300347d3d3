"""What is deployed is held to its formats' schemas, and to what one part says of another."""

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import kubernetes_validate
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
    (COMPOSE, "docker/compose.monitoring.yml"),
    (COMPOSE, "docker/compose.gpus.yml", "docker/compose.monitoring.yml"),
]
"""The files that docker compose is called with together."""
OVERLAYS = ["gpu", "cpu"]


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
    pod = yaml.safe_load((DOCKER / "k8s/gpu/deployment.yaml").read_text())["spec"]["template"]["spec"]
    before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert before + drain < pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_files_are_what_its_api_allows(overlay: str) -> None:
    for file in (DOCKER / "k8s" / overlay).glob("*.yaml"):
        if file.name != "kustomization.yaml":
            resource = yaml.safe_load(file.read_text())
            # What kustomize adds to it, where kustomize is not at hand.
            if resource["kind"] == "Deployment":
                resource["spec"].setdefault("selector", {})
            kubernetes_validate.validate(resource, "1.37", strict=True)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_makes_of_them_what_kubernetes_api_allows(overlay: str) -> None:
    command = ["kubectl", "kustomize", DOCKER / "k8s" / overlay]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    resources = {resource["kind"]: resource for resource in yaml.safe_load_all(made)}
    for resource in resources.values():
        kubernetes_validate.validate(resource, "1.37", strict=True)
    assert resources.keys() == {
        "Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy",
    }  # fmt: skip
    deployment = resources["Deployment"]["spec"]
    selector = deployment["selector"]["matchLabels"]
    assert selector.items() <= deployment["template"]["metadata"]["labels"].items()
    assert resources["Service"]["spec"]["selector"] == selector
    assert resources["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == selector
    assert resources["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == selector
    container = deployment["template"]["spec"]["containers"][0]
    assert container["image"] == f"jppnet:{overlay}"
    assert ("nvidia.com/gpu" in container["resources"]["limits"]) == (overlay == "gpu")


def test_the_dockerfile_passes_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], stdout=subprocess.PIPE, text=True, check=False)
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
