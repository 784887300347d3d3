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

TAKES_LONGEST = [Path(__file__).parent / folder for folder in ("web", "export")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes come first: run side by side, the last ones should be short."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in TAKES_LONGEST))
