"""Kubernetes' files: what kustomize makes of them is what the API allows, and what an operator was promised."""

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.helpers.compose import ROOT

K8S = ROOT / "docker" / "k8s"
OVERLAYS = ["gpu", "cpu"]
KUBERNETES = "1.37"
OWN_KINDS = {"ScaledObject", "PodMonitor", "PrometheusRule", "HTTPRoute"}
"""Kinds that operators bring, and Kubernetes' own schema does not have."""
CORE = {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}
COMPONENTS = {
    "autoscaler": {"HorizontalPodAutoscaler"},
    "keda": {"ScaledObject"},
    "monitoring": {"PodMonitor", "PrometheusRule"},
    "ingress": {"Ingress"},
    "gateway": {"HTTPRoute"},
    "spare-gpu": set(),
    "dcgm": {"DaemonSet", "PodMonitor", "PrometheusRule"},
}
"""The kinds of resources that each component adds."""
TOGETHER = [("autoscaler", "monitoring", "ingress", "spare-gpu", "dcgm"), ("keda", "gateway")]
"""Components that do not exclude each other."""
needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")


@cache
def rendered(folder: Path) -> list[dict[str, Any]]:
    """What kustomize makes of a folder."""
    command = ["kubectl", "kustomize", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def overlay(
    folder: Path, name: str, components: Sequence[str], images: Sequence[dict[str, str]] = ()
) -> list[dict[str, Any]]:
    """An overlay with other components than its own, and perhaps other images: edited in a copy, as by an operator."""
    copy = shutil.copytree(K8S, folder / "k8s")
    file = copy / name / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    kustomization["components"] = [f"../components/{component}" for component in components]
    kustomization["images"] = list(images) or kustomization["images"]
    file.write_text(yaml.safe_dump(kustomization))
    return rendered(copy / name)


def of_kind(resources: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (resource for resource in resources if resource["kind"] == kind)
    return found


def pod(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = of_kind(resources, "Deployment")["spec"]["template"]["spec"]
    return spec


def check(resources: Sequence[dict[str, Any]]) -> None:
    for resource in resources:
        if resource["kind"] not in OWN_KINDS:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)


@needs_kubectl
@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_is_what_kubernetes_api_allows(name: str) -> None:
    resources = rendered(K8S / name)
    check(resources)
    assert {resource["kind"] for resource in resources} == CORE | {"HorizontalPodAutoscaler"}
    deployment = of_kind(resources, "Deployment")["spec"]
    selector = deployment["selector"]["matchLabels"]
    assert selector.items() <= deployment["template"]["metadata"]["labels"].items()
    assert of_kind(resources, "Service")["spec"]["selector"] == selector
    assert of_kind(resources, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == selector
    assert of_kind(resources, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == selector


@needs_kubectl
def test_each_overlay_has_an_image_and_nodes_of_its_own() -> None:
    gpu, cpu = (pod(rendered(K8S / name)) for name in OVERLAYS)
    assert gpu["containers"][0]["image"] == "jppnet:gpu"
    assert cpu["containers"][0]["image"] == "jppnet:cpu"
    assert gpu["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert gpu["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert [toleration["key"] for toleration in gpu["tolerations"]] == ["nvidia.com/gpu"]
    assert "nvidia" not in yaml.safe_dump(cpu)


@needs_kubectl
def test_an_image_named_for_the_gpus_does_not_come_to_nodes_without(tmp_path: Path) -> None:
    """As ``kustomize edit set image jppnet=registry.example/jppnet:gpu`` in docker/k8s/gpu writes it."""
    image = {"name": "jppnet", "newName": "registry.example/jppnet", "newTag": "gpu"}
    gpu = overlay(tmp_path, "gpu", ["autoscaler"], [image])
    assert pod(gpu)["containers"][0]["image"] == "registry.example/jppnet:gpu"
    assert pod(rendered(tmp_path / "k8s" / "cpu"))["containers"][0]["image"] == "jppnet:cpu"


@needs_kubectl
@pytest.mark.parametrize("components", TOGETHER, ids=" ".join)
@pytest.mark.parametrize("name", OVERLAYS)
def test_components_fit_both_overlays(name: str, components: Sequence[str], tmp_path: Path) -> None:
    resources = overlay(tmp_path, name, components)
    check(resources)
    added = set[str]().union(*(COMPONENTS[component] for component in components))
    assert {resource["kind"] for resource in resources} == CORE | added


def test_every_component_is_tried() -> None:
    assert {folder.name for folder in (K8S / "components").iterdir()} == set(COMPONENTS)
    assert {component for components in TOGETHER for component in components} == set(COMPONENTS)


@needs_kubectl
def test_a_roll_out_asks_for_a_gpu_more_only_where_there_is_one(tmp_path: Path) -> None:
    def strategy(resources: Sequence[dict[str, Any]]) -> tuple[int, int]:
        update = of_kind(resources, "Deployment")["spec"]["strategy"]["rollingUpdate"]
        return update["maxSurge"], update["maxUnavailable"]

    assert strategy(rendered(K8S / "gpu")) == (0, 1)
    assert strategy(overlay(tmp_path, "gpu", ["spare-gpu"])) == (1, 0)
    assert strategy(rendered(K8S / "cpu")) == (1, 0)


@needs_kubectl
def test_prometheus_operator_calls_the_job_what_alerts_and_dashboard_do(tmp_path: Path) -> None:
    resources = overlay(tmp_path, "gpu", ["monitoring"])
    labels = of_kind(resources, "Deployment")["spec"]["template"]["metadata"]["labels"]
    monitor = of_kind(resources, "PodMonitor")["spec"]
    assert labels[monitor["jobLabel"]] == "jppnet"
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    ports = {port["name"] for port in pod(resources)["containers"][0]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]} <= ports


def test_kubernetes_alerts_are_those_of_prometheus_but_for_how_many_replicas_there_should_be() -> None:
    def rules(document: dict[str, Any], group: int = 0) -> dict[str, Any]:
        return {rule.get("alert") or rule["record"]: rule for rule in document["groups"][group]["rules"]}

    for theirs, ours in (("alerts.yml", "monitoring/rules.yaml"), ("gpu-alerts.yml", "dcgm/rules.yaml")):
        plain = rules(yaml.safe_load((ROOT / "docker/prometheus" / theirs).read_text()))
        operators = rules(yaml.safe_load((K8S / "components" / ours).read_text())["spec"])
        differing = {name for name in plain.keys() | operators.keys() if plain.get(name) != operators.get(name)}
        assert differing <= {"JppnetReplicaDown", "jppnet:replicas_expected"}


@needs_kubectl
@pytest.mark.parametrize("component", ["ingress", "gateway"])
def test_whoever_stands_before_it_is_more_patient_than_it(component: str, tmp_path: Path) -> None:
    resources = overlay(tmp_path, "cpu", [component])
    said = yaml.safe_dump([resource for resource in resources if resource["kind"] in ("Ingress", "HTTPRoute")])
    assert "60" in said
    assert component == "gateway" or "proxy-body-size: 21m" in said


@needs_kubectl
def test_the_grace_period_is_long_enough_to_drain() -> None:
    spec = pod(rendered(K8S / "cpu"))
    assert spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] < spec["terminationGracePeriodSeconds"]
