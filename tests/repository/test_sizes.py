"""A picture's size is width × height wherever somebody reads it. Shapes of arrays are in brackets: (height, width)."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("docs", "service", "training", "export", "clients", "tests", "docker")
SUFFIXES = {".md", ".py", ".toml", ".ts", ".js", ".html", ".mk", ".yml"}
MADE = {"node_modules", "dist", "client", "__pycache__", ".venv"}
"""Folders of files that nobody writes by hand."""

TIMES = r"`?\)? ?[×x] ?\(?`?"
IN_WORDS = re.compile(rf"\b(height{TIMES}width|h{TIMES}w|rows{TIMES}columns)\b", re.IGNORECASE)
HEIGHT_OF = r"\{[^{}]*(height|shape\[0\])[^{}]*\}"
IN_TEMPLATES = re.compile(rf"{HEIGHT_OF} ?[×x] ?\$?\{{")
AS_ARGUMENTS = re.compile(r'metavar=\("(HEIGHT|H)", ?"(WIDTH|W)"\)')


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is written by hand, and what it says."""
    pages = [*ROOT.glob("*.md"), *(path for place in PLACES for path in (ROOT / place).rglob("*"))]
    for path in pages:
        if path.suffix in SUFFIXES and not MADE & set(path.relative_to(ROOT).parts) and path != Path(__file__):
            yield path.relative_to(ROOT), path.read_text()


def turned_sizes() -> Iterator[re.Pattern[str]]:
    """For each input of our networks that is not square, its height × width."""
    for preset in (ROOT / "training/presets").glob("*.toml"):
        network = tomllib.loads(preset.read_text())["network"]
        if "height" in network and network["height"] != network["width"]:
            yield re.compile(rf"(?<![\d.]){network['height']} ?[×x] ?{network['width']}(?![\d.])")


@pytest.mark.parametrize("text", ["height × width", "`H`×`W`", "h×w", "Height x width"])
def test_the_wrong_order_is_seen_in_words(text: str) -> None:
    assert IN_WORDS.search(text)


@pytest.mark.parametrize(
    "text", ['f"{info.height}×{info.width}"', "`${size.height} × ${size.width}`", "{a.shape[0]}×{a.shape[1]}"]
)
def test_the_wrong_order_is_seen_in_sentences_that_are_filled_in(text: str) -> None:
    assert IN_TEMPLATES.search(text)


@pytest.mark.parametrize(
    "text", ["width × height", "(height, width, 3)", "`W`×`H`", "{width}×{height}", "bottom-left × 3"]
)
def test_the_right_order_and_shapes_are_let_alone(text: str) -> None:
    assert not IN_WORDS.search(text)
    assert not IN_TEMPLATES.search(text)


def test_sizes_are_width_by_height() -> None:
    wrong = [IN_WORDS, IN_TEMPLATES, AS_ARGUMENTS, *set(turned_sizes())]
    found = [f"{path}: {match[0]}" for path, text in texts() for pattern in wrong for match in pattern.finditer(text)]
    assert found == []
