"""The workflows of ``.github`` follow GitHub's syntax, are safe, and run what they should."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers.buildah import STORE_VARIABLE
from tests.helpers.checks import ROOT, TOOLS, run

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
LINT = ("--strict-exit", "--no-online", "--no-color", "--no-hints", f"--shellcheck={TOOLS / 'shellcheck'}")
"""jactionlint has actionlint's checks and zizmor's; here with shellcheck for the scripts in steps."""


def load(name: str) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load((GITHUB / "workflows" / name).read_text())
    return workflow


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


def test_the_workflows_have_no_mistakes() -> None:
    assert run("jactionlint", *LINT) == (0, "")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("needs: checks", "needs: tests", "undefined-job-needs"),
        ("persist-credentials:", "persist-credential:", "is not defined in action"),
        ("$(python3 -c", "${{ github.head_ref }}$(python3 -c", "template-injection"),
        ("mode=max", "mode=${{ matrix.mode }}", 'property "mode" is not defined'),
        ('>> "$GITHUB_OUTPUT"', ">> $GITHUB_OUTPUT", "SC2086"),
    ],
)
def test_mistakes_would_be_found(good: str, bad: str, complaint: str) -> None:
    source = (GITHUB / "workflows" / "release.yml").read_text()
    assert good in source
    status, said = run("jactionlint", *LINT, "-", stdin=source.replace(good, bad))
    assert status == 1
    assert complaint in said


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_a_commit_whose_version_is_named(workflow: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.*)", workflow.read_text())
    assert [line for line in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_the_checks_run_on_every_python_from_the_oldest_allowed_one_on() -> None:
    job = load("checks.yml")["jobs"]["run"]
    pythons = job["strategy"]["matrix"]["python"]
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert oldest == f">={pythons[0]}"
    assert pythons == [f"3.{minor}" for minor in range(11, 15)]
    assert commands(job) == ".ci/run"


def test_the_checks_run_with_the_lowest_versions_allowed() -> None:
    assert "make test-lowest" in commands(load("checks.yml")["jobs"]["lowest"])


def test_every_proof_left_out_of_make_test_runs_at_night() -> None:
    workflow = load("proofs.yml")
    assert workflow[True]["schedule"], "YAML 1.1 reads the key `on` as true"
    ran = {name: commands(job) for name, job in workflow["jobs"].items()}
    assert all(f"make test-{name}" in script for name, script in ran.items())
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    assert set(ran) == {marker.split(":")[0] for marker in markers} | {"scale"}


def test_the_images_are_built_where_the_runner_has_room() -> None:
    job = load("proofs.yml")["jobs"]["container"]
    assert list(job["env"]) == [STORE_VARIABLE]
    assert f"sudo --preserve-env={STORE_VARIABLE} " in commands(job)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_make_target_exists(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", workflow.read_text())) <= targets


def test_nothing_is_published_that_the_checks_did_not_pass() -> None:
    jobs = load("release.yml")["jobs"]

    def waits_for(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct | {earlier for job in direct for earlier in waits_for(job)}

    assert all({"version", "checks"} <= waits_for(name) for name in set(jobs) - {"version", "checks"})
    assert {"packages", "images", "publish-python", "publish-javascript"} <= waits_for("release")
    assert jobs["images"]["strategy"]["matrix"]["target"] == ["cpu", "gpu"]
