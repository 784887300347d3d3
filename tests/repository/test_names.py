"""Old names that were replaced do not come back: as a module, class, function, setting or command, or in docs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from service.cli import app
from service.settings import Settings

ROOT = Path(__file__).parents[2]

MODULES = {
    *("answered", "answerers", "average", "answer_sheet", "closer", "company", "distance", "door", "flights", "nobody"),
    *("question", "remembering", "seen", "ship", "stencil", "talk", "waiting", "web", "views"),
}
CLASSES = {
    *("Answered", "Answerer", "Door", "Drive", "Flight", "Flights", "Place", "Question", "RememberingRoute", "Seen"),
    *("Shown", "Talk", "WatchAnswers", "Wish", "Words"),
}
FUNCTIONS = {
    *("average", "closer", "install_web_habits", "leads", "look_at", "places", "question", "ranks", "stencil", "talk"),
    *("unless_hung_up", "web_habits"),
}
OLD = MODULES | CLASSES | FUNCTIONS
PACKAGES = ("service", "training", "export", "clients", "tests", "docs/reference")


def sources() -> Iterator[Path]:
    """All Python files of the project."""
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts)


def names_in(source: str) -> set[str]:
    """The classes and functions, methods included, that a source defines."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)}


def code_in(page: str) -> set[str]:
    """Each word within backticks of a page of text."""
    return {word for code in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"[A-Za-z_]+", code)}


def test_a_name_is_found_where_it_is_defined_and_where_docs_write_it() -> None:
    assert names_in("class A:\n    async def b(self): ...\n") == {"A", "b"}
    assert code_in("a `Door` and `x.look_at(y)`, not talk") == {"Door", "x", "look_at", "y"}


def test_no_module_has_an_old_name() -> None:
    helpers = ROOT / "tests"
    found = {path.stem.removeprefix("test_") if helpers in path.parents else path.stem for path in sources()}
    assert found & MODULES == set()


def test_no_class_or_function_has_an_old_name() -> None:
    for path in sources():
        if path != Path(__file__):
            assert names_in(path.read_text()) & (CLASSES | FUNCTIONS) == set(), path


def test_no_setting_or_command_has_an_old_name() -> None:
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert (set(Settings.model_fields) | commands) & OLD == set()


def test_no_page_names_one() -> None:
    words = OLD - {"average", "company", "distance", "nobody", "question", "web", "views", "waiting"}  # plain English
    for page in (*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        assert code_in(page.read_text()) & words == set(), page
