"""The package's version is written in ``service/version.py``; whatever must repeat it is held to it here."""

import json
import re
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from service.cli import app
from service.version import __version__

ROOT = Path(__file__).parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def first_release(changelog: str) -> str:
    """The newest version of a changelog that has a date."""
    found = re.search(r"^## \[(\d+\.\d+\.\d+)] - \d{4}-\d{2}-\d{2}$", changelog, re.MULTILINE)
    assert found, "no line like: ## [1.2.3] - 2026-12-24"
    return found[1]


def image_label(dockerfile: str) -> str:
    found = re.search(r"^ARG VERSION=(.*)$", dockerfile, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("CHANGELOG.md", first_release),
        ("CITATION.cff", lambda content: yaml.safe_load(content)["version"]),
        ("Dockerfile", image_label),
        ("clients/python/pyproject.toml", lambda content: tomllib.loads(content)["project"]["version"]),
        ("clients/js/package.json", lambda content: json.loads(content)["version"]),
        ("clients/js/package-lock.json", lambda content: json.loads(content)["version"]),
        ("clients/js/package-lock.json", lambda content: json.loads(content)["packages"][""]["version"]),
    ],
)
def test_a_file_that_repeats_the_version_has_the_same(file: str, read: Callable[[str], str]) -> None:
    assert read(text(file)) == __version__


def test_the_installed_package_has_the_version() -> None:
    assert version("jppnet") == __version__, "install it again: pip install --no-deps --editable ."


def test_the_command_prints_the_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"jppnet {__version__}\n")


def test_changes_to_come_stand_before_those_of_the_release() -> None:
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    releases = [heading for heading in headings if heading.startswith("[")]
    assert releases[0] == "[Unreleased]"
    assert releases[1].startswith(f"[{__version__}]")
