"""What holds for all tests: one thread for torch, and how properties are tried.

New examples at every run here, the same ones in CI, so that a change alone fails it.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # tests import ONNX Runtime by themselves, some before the service
# No detector, unless a test names one: it would find nobody in the photos of toy models.
os.environ["JPPNET_DETECTOR"] = ""
# Read by torch and OpenBLAS when they are first imported. On a busy machine, several threads wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

HERE = Path(__file__).parent
CALCULATE = ("export", "training")
"""Folders of tests that keep a core busy; the others wait for servers, browsers and processes half of their time."""
TAKE_LONGEST = ("export", "web")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that calculate and files that wait take turns, so that side by side they leave no core idle. Of both kinds
    those that take minutes come first: the last ones should be short."""
    files = sorted(dict.fromkeys(item.path for item in items), key=lambda file: not lies_in(TAKE_LONGEST, file))
    place: dict[Path, float] = {}
    for calculates in (True, False):
        kind = [file for file in files if lies_in(CALCULATE, file) is calculates]
        place |= {file: number / len(kind) for number, file in enumerate(kind)}
    items.sort(key=lambda item: place[item.path])


def lies_in(folders: tuple[str, ...], file: Path) -> bool:
    """Whether a file lies in one of these folders of tests."""
    return any(file.is_relative_to(HERE / folder) for folder in folders)
