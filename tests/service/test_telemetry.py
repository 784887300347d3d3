"""Nothing is written to the home folder and nobody is called: ONNX Runtime's telemetry is off, whoever imports it."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETS = 'os.environ["ORT_DISABLE_TELEMETRY"] = "1"'
TELLING = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS")
"""Variables that switch telemetry off; none may be there when it is the code's turn."""

OPEN = "import service.engine.model.session as s, sys; s.open_session(s.Path(sys.argv[1]), 'cpu', 1)"
ENTRIES = {
    "service": ["-c", OPEN, "TOY"],
    "doctor": ["-m", "service.cli", "doctor", "--model", "TOY"],
    "parse": ["-m", "service.cli", "parse", "PHOTO", "--out", "OUT", "--model", "TOY"],
    "worker of the service's pool": [
        "-c", f"import multiprocessing as m, service; p = m.get_context('spawn').Process(target=exec, "
        f"args=('import onnxruntime',)); p.start(); p.join(); {OPEN}", "TOY",
    ],
    "export": ["-c", "import export.quantize"],
    "benchmarks": ["-c", "import sys; sys.path.insert(0, 'tests'); import tests.benchmarks.steps"],
}  # fmt: skip


def importers() -> Iterator[Path]:
    """The Python files of this checkout that import ONNX Runtime."""
    for part in ("service", "export", "training", "tests", "clients", "docker"):
        for file in (ROOT / part).rglob("*.py"):
            if "node_modules" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if any(name.partition(".")[0] == "onnxruntime" for name in names):
                    yield file


def test_whoever_imports_onnx_runtime_lies_in_a_package_that_has_switched_telemetry_off() -> None:
    found = set(importers())
    assert ROOT / "service/engine/model/runtime.py" in found
    for file in found:
        above = [folder / name for folder in file.parents for name in ("__init__.py", "conftest.py")]
        assert any(SETS in package.read_text() for package in above if package.is_file()), file


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_file_appears_and_no_connection_is_tried(entry: str, toy_path: Path, tmp_path: Path) -> None:
    home, trace, photo = tmp_path / "home", tmp_path / "trace", tmp_path / "one.png"
    home.mkdir()
    photo.write_bytes((ROOT / "export/astronaut.jpg").read_bytes())
    places = {"TOY": toy_path, "PHOTO": photo, "OUT": tmp_path / "out"}
    environment = {name: value for name, value in os.environ.items() if name not in TELLING}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "JPPNET_PROVIDER": "cpu"}
    environment |= {"JPPNET_LANES": "1", "JPPNET_MAX_BATCH": "1"}
    strace = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto", "-o", str(trace)] if has_strace() else []
    program = [sys.executable, *(str(places.get(argument, argument)) for argument in ENTRIES[entry])]
    done = subprocess.run(
        [*strace, *program], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []
    if strace:
        assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []


def has_strace() -> bool:
    """Whether system calls can be watched here."""
    return (
        bool(shutil.which("strace"))
        and subprocess.run(["strace", "-qq", "true"], stderr=-3, check=False).returncode == 0
    )
