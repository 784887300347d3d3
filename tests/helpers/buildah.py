"""Builds the Dockerfile where no Docker engine runs and no image registry can be reached.

Debian's buildah builds, as root, on a base image that debootstrap makes: it takes the place of `python:slim`, and only
the build argument BASE says so. Like any company's base image, it knows how the machine reaches the package index.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STORE = Path(os.environ.get("CONTAINER_STORE_OF_JPPNET", "/var/tmp/jppnet-container"))
"""Where images are kept between runs; some 20 GB while the one for GPUs is built."""
BASE = "localhost/jppnet-base"
PACKAGES = "python3,python3-venv,ca-certificates"
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")
"""What the slim images leave out as well."""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
REACH = ("PIP_INDEX_URL", "PIP_TIMEOUT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Variables that say how this machine reaches the package index."""


def is_possible() -> bool:
    """Whether images can be built here."""
    return os.geteuid() == 0 and all(map(shutil.which, ("buildah", "debootstrap", "unshare", "nsenter")))


def buildah(*arguments: str | Path) -> str:
    """What a command of buildah says."""
    environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}
    command = ["buildah", "--storage-driver", "vfs", "--root", STORE / "root", "--runroot", STORE / "run", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))} failed: {done.stdout[-3000:]}"
    return done.stdout.strip()


def make_base() -> None:
    """Debian with Python, as the image that the build begins from."""
    if BASE in buildah("images", "--format", "{{.Name}}").splitlines():
        return
    with tempfile.TemporaryDirectory(dir=STORE) as folder:
        root = Path(folder)
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for path in LEFT_OUT:
            shutil.rmtree(root / path)
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        container = buildah("from", "scratch")
        buildah("copy", container, folder, "/")
        settings = {"PIP_CERT": str(CERTIFICATES), "SSL_CERT_FILE": str(CERTIFICATES)}
        settings |= {name: os.environ[name] for name in REACH if name in os.environ}
        for name, value in settings.items():
            buildah("config", "--env", f"{name}={value}", container)
        buildah("commit", "--rm", container, BASE)


@dataclass(frozen=True)
class Image:
    """A target of the Dockerfile, built and laid out as a folder."""

    target: str
    seconds: float
    """What building took."""
    folder: Path
    """Its root file system."""
    container: str

    @classmethod
    def build(cls, target: str) -> "Image":
        """Builds a target."""
        STORE.mkdir(parents=True, exist_ok=True)
        make_base()
        began = time.monotonic()
        name = f"localhost/jppnet:{target}"
        # In Docker's own format: the other one has no place for a health check.
        buildah("build", "--format", "docker", "--target", target, "--build-arg", f"BASE={BASE}", "--tag", name, ".")
        seconds = time.monotonic() - began
        container = buildah("from", "--pull-never", name)
        return cls(target, seconds, Path(buildah("mount", container)), container)

    def remove(self) -> None:
        """Leaves only the base."""
        buildah("rm", self.container)
        buildah("rmi", f"localhost/jppnet:{self.target}")

    @cached_property
    def config(self) -> dict[str, Any]:
        """What the image says about how it is run."""
        config: dict[str, Any] = json.loads(buildah("inspect", "--type", "container", self.container))
        return dict(config["Docker"]["config"])

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        done = subprocess.run(
            ["du", "--summarize", "--bytes", self.folder], stdout=subprocess.PIPE, text=True, check=True
        )
        return int(done.stdout.split()[0])
