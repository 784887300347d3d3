"""Compiled modules of the images work as before without their symbols for debuggers."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.helpers.daemons import ROOT

PROGRAM = """
import asyncio, sys, httptools, uvloop
assert uvloop.__file__.startswith(sys.argv[1]) and httptools.__file__.startswith(sys.argv[1])
async def answer():
    await asyncio.sleep(0)
    return httptools.parse_url(b"http://host/path").path.decode()
print(uvloop.run(answer()))
"""


def strip(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "docker" / "strip.py", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="for files of Linux")
def test_stripped_modules_are_smaller_and_do_the_same(tmp_path: Path) -> None:
    for name in ("uvloop", "httptools"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, tmp_path / name)
    modules = [*tmp_path.glob("uvloop/*.so"), *tmp_path.glob("httptools/parser/*.so")]
    before = sum(module.stat().st_size for module in modules)
    assert strip(*modules).returncode == 0
    assert sum(module.stat().st_size for module in modules) < before / 5
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "/path\n"


def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "script.so"
    file.write_text("#!/bin/sh\n" * 20)
    done = strip(file)
    assert done.returncode == 1
    assert "not a 64-bit little-endian ELF file" in done.stderr
    assert file.read_text() == "#!/bin/sh\n" * 20
