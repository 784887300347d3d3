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
STORE_VARIABLE = "CONTAINER_STORE_OF_JPPNET"
STORE = Path(os.environ.get(STORE_VARIABLE, "/var/tmp/jppnet-container"))
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
    def build(cls, target: str, **arguments: str) -> "Image":
        """Builds a target of the Dockerfile, with these build arguments."""
        STORE.mkdir(parents=True, exist_ok=True)
        make_base()
        return cls._build(target, ".", "--target", target, **{"BASE": BASE} | arguments)

    @classmethod
    def build_on(cls, image: "Image", target: str, context: str, argument: str) -> "Image":
        """Builds the Dockerfile of another folder on an image, which a build argument names."""
        return cls._build(target, context, **{argument: f"localhost/jppnet:{image.target}"})

    @classmethod
    def _build(cls, target: str, context: str, *options: str, **arguments: str) -> "Image":
        began = time.monotonic()
        name = f"localhost/jppnet:{target}"
        given = [option for item in arguments.items() for option in ("--build-arg", "=".join(item))]
        # In Docker's own format: the other one has no place for a health check.
        buildah("build", "--format", "docker", "--pull-never", *options, *given, "--tag", name, context)
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

    def largest(self, count: int = 12) -> str:
        """The largest packages, and the rest of the file system by folder: a line each, in millions of bytes."""
        packages = self.folder.glob("opt/jppnet/lib/python3*/site-packages/*")
        sizes = {path: _bytes(path) for path in (*packages, *self.folder.glob("usr/*"))}
        ordered = sorted(sizes.items(), key=lambda item: -item[1])[:count]
        return "\n".join(f"{size / 1e6:8.1f} {path.relative_to(self.folder)}" for path, size in ordered)

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        return _bytes(self.folder)


def _bytes(path: Path) -> int:
    command = ["du", "--summarize", "--bytes", path]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0])
