"""Python's packages are gathered with a network, and installed and run in a chroot without one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.buildah import BASE, ROOT, STORE, buildah, is_possible, make_base

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(not is_possible(), reason="needs root, buildah and debootstrap"),
]
GATHER = """
python3 -m venv /gather
/gather/bin/pip download --quiet --require-hashes --dest /wheelhouse -r /wheelhouse/requirements.txt
rm -r /gather
"""
INSTALL = """
python3 -m venv /opt/jppnet
/opt/jppnet/bin/pip install --quiet --no-index --find-links /wheelhouse --require-hashes -r /wheelhouse/requirements.txt
/opt/jppnet/bin/pip install --quiet --no-index --no-deps /wheelhouse/jppnet-*.whl
/opt/jppnet/bin/jppnet pose /photo.jpg --out /answers
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """The root file system of a fresh Debian with Python."""
    STORE.mkdir(parents=True, exist_ok=True)
    make_base()
    container = buildah("from", "--pull-never", BASE)
    yield Path(buildah("mount", container))
    buildah("rm", container)


def run_in(root: Path, script: str, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, "chroot", root, "sh", "-euxc", script]
    return subprocess.run(command, env=os.environ | {"HOME": "/tmp"}, capture_output=True, text=True, check=False)


def test_the_wheelhouse_suffices_where_there_is_no_network(root: Path) -> None:
    wheelhouse = root / "wheelhouse"
    wheelhouse.mkdir()
    shutil.copy(ROOT / "requirements" / "cpu.txt", wheelhouse / "requirements.txt")
    shutil.copy(ROOT / "export" / "astronaut.jpg", root / "photo.jpg")
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheelhouse, "."]
    subprocess.run(wheel, cwd=ROOT, check=True)
    gathered = run_in(root, GATHER)
    assert gathered.returncode == 0, gathered.stderr[-2000:]
    # The service's decoding processes look into /proc.
    done = run_in(root, INSTALL, "unshare", "--net", "--pid", "--fork", f"--mount-proc={root}/proc")
    assert done.returncode == 0, done.stderr[-2000:]
    assert list((root / "answers").glob("*.json"))
    assert run_in(root, GATHER, "unshare", "--net").returncode != 0, "there is none"
