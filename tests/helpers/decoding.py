"""What tests of decoders share: a photo, and what a process does."""

import time
from collections.abc import Callable
from pathlib import Path

from service.engine.decoding.task import DecodingTask
from service.imaging.inspect import read_file
from tests.helpers.hostile_files import inflating_pixels
from tests.helpers.toy_model import jpeg, paint

PHOTO = read_file(jpeg(paint(300, 200, {1: (20, 20, 60, 60)})))
TASK = DecodingTask(PHOTO.header)
SLOW = inflating_pixels()
"""A file that takes seconds, or until a process has had its time."""


def wanted() -> bool:
    return True


def unwanted() -> bool:
    return False


def state(pid: int) -> str:
    """The kernel's letter for what a process does; X if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except FileNotFoundError:
        return "X"


def threads_of(pid: int) -> int:
    """The threads that a process still has. One that is ending cannot be waited for before its last thread has gone."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except FileNotFoundError:
        return 0


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)
