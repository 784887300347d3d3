"""The pages that are made from the service say what it does today, and every problem is explained."""

import json
import re
from pathlib import Path

import pytest

from docs.reference.pages import generate_pages
from service.api.problems.types import CONNECTION_PROBLEMS, PROBLEM_TYPES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generate_pages()


def test_the_pages_are_up_to_date(pages: dict[str, str]) -> None:
    stale = [path for path, text in pages.items() if (DOCS / path).read_text(encoding="utf-8") != text]
    assert not stale, "run `python -m docs.reference` (or `make reference`)"


def test_no_colour_is_left_over(pages: dict[str, str]) -> None:
    assert {f"images/colors/{file.name}" for file in (DOCS / "images" / "colors").iterdir()} < set(pages)


def test_every_call_parameter_field_and_problem_is_on_the_page(pages: dict[str, str]) -> None:
    page, document = pages["http.md"], json.loads(pages["openapi.json"])
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            (section,) = re.findall(rf"^## {method.upper()} {path}$(.*?)^## ", page, re.M | re.S)
            assert all(f"| `{parameter['name']}` |" in section for parameter in call.get("parameters", []))
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            (section,) = re.findall(rf"^### {name}$(.*?)^##", page, re.M | re.S)
            assert all(re.search(rf"\| `{field}`\??", section) for field in schema["properties"])
    assert {kind.slug for kind in PROBLEM_TYPES.values()} <= set(re.findall(r"urn:jppnet:problem:([a-z0-9-]+)", page))


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_link_within_the_documents_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        if "://" in path:
            continue
        file = (page.parent / path) if path else page
        assert file.exists(), target
        assert not heading or heading in _anchors(file), target


def _anchors(file: Path) -> set[str]:
    """GitHub's names for a page's headings."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


STATUS = {kind.slug: kind.status for kind in (*PROBLEM_TYPES.values(), *CONNECTION_PROBLEMS)} | {
    "internal-error": 500,
    "not-found": 404,
    "method-not-allowed": 405,
}


@pytest.mark.parametrize("name", STATUS)
def test_every_problem_is_explained(name: str) -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    assert re.search(rf"^### {name}\n\n{STATUS[name]}\. \S", text, re.M)
