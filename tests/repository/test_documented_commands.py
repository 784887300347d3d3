"""Commands in the documents are those that work in a clone: what is installed into .venv is called there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(r"(?<![\w/.-])jppnet (?:serve|parse|pose|analyze|bulk|doctor)\b")
OTHER_PYTHON = re.compile(
    r"(?:^ *|[`(])(?:python -m (?:training|export|docs|tests)\b|(?:torchrun|pytest|tensorboard) ).*", re.M
)
INLINE = re.compile(r"`([^`\n]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_jppnet_is_called_where_it_is_installed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = [line for block in FENCED.findall(text) for line in block.splitlines()]
    # Inline, a command by its name alone is spoken of, not shown.
    commands += [code for code in INLINE.findall(text) if not COMMAND.fullmatch(code) or code == "jppnet doctor"]
    assert [command for command in commands if COMMAND.search(command)] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_python_is_the_one_that_has_what_the_commands_need(page: Path) -> None:
    assert OTHER_PYTHON.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", [*PAGES, *sorted((ROOT / "service").rglob("*.py"))], ids=lambda file: file.name)
def test_nobody_is_sent_to_an_index_that_has_not_the_package(file: Path) -> None:
    assert "'jppnet[" not in file.read_text(encoding="utf-8")
