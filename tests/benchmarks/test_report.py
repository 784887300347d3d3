"""The page says what was measured: every figure in its place, nothing where nothing was measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.memory import describe_memory
from tests.benchmarks.report import render

HEAD: dict[str, Any] = {
    "command": "make bench",
    "date": "2026-01-02",
    "model": "tiny",
    "machine": {"CPU": "Abacus, 2 cores in use"},
    "is_quick": False,
}


def closed(*rates: float, failures: int = 0) -> list[dict[str, float]]:
    """A server's rounds at some number of clients."""
    common = {"p50_ms": 10.4, "p99_ms": 20.6, "answers": 9, "failures": failures, "wrk_cores": 0.123}
    return [{"photos_per_second": rate} | common for rate in rates]


def opened(goodput: float, p99: float | None) -> dict[str, float | None]:
    """A server's open loop."""
    counts = {"sent": 10, "answered": 4, "refused": 3, "improper": 2, "unanswered": 1}
    return counts | {
        "offered_per_second": 50.0,
        "goodput_per_second": goodput,
        "p50_ms": 12.0,
        "p99_ms": p99,
        "generator_cores": 0.04,
    }


COMPARE = HEAD | {
    "session_run": {"1": {"rounds": [{"images_per_second": rate, "p50_ms": 5, "p99_ms": 7} for rate in (90, 110)]}},
    "threads": 2,
    "without_http": {"1": [100.0, 50.0], "8": [110.0, 55.0]},
    "closed": {
        "jppnet": {"1": closed(60, 30), "8": closed(99, 49.5)},
        "FastAPI": {"1": closed(50, 30), "8": closed(66, 33, failures=3)},
        "FastAPI, as one writes it": {"1": closed(40, 20), "8": closed(50, 25)},
    },
    "open": {"jppnet": {"50": opened(49.5, 26.0)}, "FastAPI": {"400": opened(1.5, None)}},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for one model's results."""
    made = tmp_path / "tiny-cpu"
    made.mkdir()
    return made


def test_a_comparison_is_rendered(folder: Path) -> None:
    (folder / "compare.json").write_text(json.dumps(COMPARE))
    page = render([folder])
    assert "## tiny on Abacus, 2 cores in use" in page
    assert "`make bench`, 2026-01-02." in page
    assert "| 1 | 100.0 | 5.0 / 7.0 |" in page
    assert "| no HTTP | 75.0 | 82.5 |" in page
    assert "| FastAPI | 40.0 | 49.5 |" in page
    assert "| no HTTP | 0.60 (0.60–0.60) | 0.90 (0.90–0.90) |" in page
    assert "| FastAPI | 1.10 (1.00–1.20) | 1.50 (1.50–1.50) |" in page
    assert "| FastAPI, as one writes it | 1.50 (1.50–1.50) | 1.98 (1.98–1.98) |" in page
    assert "| FastAPI | 400 % | 50.0 | 1.5 | 12 | – | 3 | 2 | 1 |" in page
    assert "Not answered with 200: FastAPI 6." in page
    assert "p99 is 2.5 times the p50 of a single client" in page
    assert "quick" not in page.split("## tiny")[1].split("## How")[0]


def test_a_quick_look_says_so(folder: Path) -> None:
    (folder / "compare.json").write_text(json.dumps(COMPARE | {"is_quick": True}))
    assert "A quick look" in render([folder])


def test_overload_is_rendered(folder: Path) -> None:
    result = HEAD | {
        "seconds": 60, "pause": 2, "capacity": 100.0, "memory_before": 200e6, "memory_after": 205e6,
        "before": opened(50, 30.0), "during": opened(95.0, 900.0), "after": opened(50, 31.0),
    }  # fmt: skip
    (folder / "overload.json").write_text(json.dumps(result))
    page = render([folder])
    assert "Goodput 95.0 photos/s, 95 % of capacity; p99 of the photos answered 900 ms." in page
    assert "4 answered with 200, 3 refused" in page
    assert "Resident memory 200 MB before, 205 MB after (+2.5 %)." in page


def test_a_soak_is_rendered(folder: Path) -> None:
    result = HEAD | {
        "seconds": 3600, "requests": 90000, "clients": 16,
        "counts": {"answered": 63000, "hung up while sending": 27000},
        "memory": {"warm": 300e6, "end": 303e6, "growth": 0.01, "peak": 310e6}, "under_way_at_the_end": 0.0,
        "photos_run": 63010.0,
    }  # fmt: skip
    (folder / "soak.json").write_text(json.dumps(result))
    page = render([folder])
    assert "90,000 requests in 60 minutes from 16 clients: 63,000 answered, 27,000 hung up while sending." in page
    assert "at the end 303 MB (+1.0 %)" in page
    assert "still under way 2 s after the end: 0." in page
    assert "The model ran on 63,010 photos, 10 more than were answered" in page


def test_what_was_not_measured_is_not_said(folder: Path) -> None:
    (folder / "compare.json").write_text(json.dumps(COMPARE))
    assert "Resident memory" not in render([folder])
    (folder / "compare.json").unlink()
    with pytest.raises(SystemExit, match="no results"):
        render([folder])


def test_growth_is_that_after_warming_up() -> None:
    warming = [1, 50]
    steady = [100, 101, 100, 100, 99, 100, 100, 110]
    assert describe_memory(warming + steady) == {"warm": 100, "end": 110, "growth": pytest.approx(0.1), "peak": 110}
