"""The files around the code are held to their formats: citation, hooks, spelling."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import yaml

from tests.helpers.checks import ROOT, run

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_citation_is_valid() -> None:
    citation = ["--builtin-schema", "vendor.citation-file-format", "CITATION.cff"]
    assert run("check-jsonschema", *citation) == (0, "ok -- validation done\n")


def test_the_citation_names_both_papers() -> None:
    references = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    found = {(paper["authors"][0]["family-names"], paper["year"]) for paper in references}
    assert found == {("Liang", 2018), ("Gong", 2017)}


def test_words_are_spelt_right() -> None:
    assert run("codespell") == (0, "")


def test_a_misspelt_word_is_found(tmp_path: Path) -> None:
    wrong = "recie" + "ve"  # in one piece it would be found here
    (tmp_path / "page.md").write_text(f"Please {wrong} this.\n")
    status, said = run("codespell", tmp_path / "page.md")
    assert status > 0
    assert f"{wrong} ==> receive" in said


def test_hooks_are_pinned_to_versions_that_the_tests_allow_too() -> None:
    """A hook of another minor version formats differently than ``make test`` wants."""
    lowest = dict(re.findall(r"([a-z-]+)>=([\d.]+)", " ".join(PYPROJECT["project"]["optional-dependencies"]["dev"])))
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    pinned = {re.sub(r"-pre-commit$", "", hook["repo"].rsplit("/", 1)[1]): hook["rev"] for hook in hooks}
    assert set(pinned) == {"ruff", "codespell"}
    for tool, revision in pinned.items():
        assert re.fullmatch(r"v\d+\.\d+\.\d+", revision)
        assert revision.startswith(f"v{lowest[tool]}.")


def test_make_has_one_recipe_for_each_target() -> None:
    """Of two recipes make takes the later one, and says so in a warning alone."""
    rules = "".join((ROOT / file).read_text() for file in ("Makefile", "training/models.mk"))
    targets = Counter(re.findall(r"^([^\s:#=]+):(?!=)", rules, re.MULTILINE))
    assert targets["serve"] == 1
    assert [target for target, count in targets.items() if count > 1 and target != ".PHONY"] == []
