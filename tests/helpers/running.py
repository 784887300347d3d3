"""Runs an image as a container runtime would: its own mounts and processes, a read-only root, and no root user."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.buildah import Image

SET_UP = """
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
mount -t tmpfs tmpfs "$0/tmp"
mount -o remount,bind,ro "$0"
exec unshare --root "$0" --wd / --setgid 10001 --setuid 10001 -- "$@"
"""
"""What happens to the root file system before the image's command takes the shell's place, as process 1."""


@dataclass(frozen=True)
class Container:
    """An image's command that runs; ``port`` is open once it is ready."""

    image: Image
    process: subprocess.Popen[str]
    log: Path
    port: int

    @property
    def pid(self) -> int:
        """Process 1 of the container, as the host knows it, once ``unshare`` has started it."""
        file, until = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children"), time.monotonic() + 60
        while not (children := file.read_text().split()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "the container has no process"
            time.sleep(0.01)
        return int(children[0])

    @property
    def name(self) -> str:
        """What process 1 is by now."""
        return Path(f"/proc/{self.pid}/comm").read_text().strip()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs another command within, as the same user."""
        enter = ["nsenter", "--target", str(self.pid), "--all", "--root", "--setgid=10001", "--setuid=10001", "--"]
        variables = environment(self.image, self.port)
        return subprocess.run([*enter, *command], env=variables, text=True, capture_output=True, check=False)

    def stop(self) -> int:
        """Asks it to end, as ``docker stop`` does; gives its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(60)


def environment(image: Image, port: int, **more: str) -> dict[str, str]:
    """The image's variables. The port is the host's, for there is no network of its own."""
    return dict(item.split("=", 1) for item in image.config["Env"]) | {"JPPNET_PORT": str(port)} | more


@contextmanager
def running(image: Image, log: Path, port: int, *command: str, **more: str) -> Iterator[Container]:
    """Starts the image's command, or another one in it, and ends it at last."""
    config = image.config
    command = command or (*config["Entrypoint"], *config["Cmd"])
    isolate = ["unshare", "--mount", "--pid", "--fork", "--", "sh", "-c", SET_UP, str(image.folder)]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*isolate, *command], env=environment(image, port, **more), stdout=file, stderr=file, text=True
        )
        container = Container(image, process, log, port)
        try:
            yield container
        finally:
            if process.poll() is None:
                os.kill(container.pid, signal.SIGKILL)  # with process 1, all of the container end
            process.wait()
