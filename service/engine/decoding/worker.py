"""The decoding process: takes tasks from a socket, and files from memory that it shares with the service.

It imports NumPy, OpenCV and the pure functions of ``service.imaging``, and nothing of the service beyond those. Each
task has limits on memory and CPU time of its own.
"""

import mmap
import os
import pickle
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.engine.decoding.task import DecodingTask
from service.imaging.decode import Image, is_out_of_memory
from service.imaging.errors import CorruptPhotoError

READY, DONE, DAMAGED, NO_MEMORY = b"ready", b"done", b"damaged", b"no memory"
"""What the process says: once when it has started, then once for each task. Anything else is a fault of its own."""
STARTED: Final = 1
"""What the last byte of the shared memory becomes once the process has taken a task: if it ends before, the task had
nothing to do with that."""
LARGEST_MESSAGE: Final = 1 << 17
SPARE_BYTES: Final = 64_000_000
"""Address space that a task may take beyond what its header says that decoding takes."""


def main() -> None:
    """Works until the service ends. Arguments: the descriptors of the socket and of the shared memory."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)  # they are for the service, which has photos to answer before it ends
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    cv2.setNumThreads(1)
    descriptors = [int(argument) for argument in sys.argv[1:3]]
    base = _address_space()
    with socket.socket(fileno=descriptors[0]) as link, mmap.mmap(descriptors[1], 0) as arena:
        link.send(READY)
        while True:
            message, given, _, _ = socket.recv_fds(link, LARGEST_MESSAGE, 1)
            if not message:
                return
            link.send(_answer(message, arena, given, base))


def _end_with_the_service() -> None:
    """Waits for the end of standard input, of which the service holds the other end."""
    while os.read(0, 1):
        pass
    os._exit(0)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE


def _answer(message: bytes, arena: mmap.mmap, given: list[int], base: int) -> bytes:
    arena[len(arena) - 1] = STARTED
    task, size, cpu_seconds = pickle.loads(message)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # SIGPROF ends the process
    try:
        with _limited(base + task.header.decoding_bytes(task.reduction) + sum(map(_size, given)) + SPARE_BYTES):
            return _work_in(task, size, arena, given)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _size(descriptor: int) -> int:
    return os.fstat(descriptor).st_size


@contextmanager
def _limited(space: int) -> Iterator[None]:
    """Bounds the address space meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (space if hard == resource.RLIM_INFINITY else min(space, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _work_in(task: DecodingTask, size: int, arena: mmap.mmap, given: list[int]) -> bytes:
    """Does a task in the memory of the given descriptor, if there is one."""
    if not given:
        return _work(task, np.frombuffer(arena, np.uint8), size)
    try:
        with closing(mmap.mmap(given[0], 0)) as shared:
            # No array may refer to the memory when it is closed, hence a function of its own.
            return _work(task, np.frombuffer(shared, np.uint8), size)
    except OSError:
        return NO_MEMORY
    finally:
        os.close(given[0])


def _work(task: DecodingTask, memory: npt.NDArray[np.uint8], size: int) -> bytes:
    """Does a task: the images go to the beginning of the memory, the file of that size lies behind them."""
    start = task.result_bytes
    try:
        _hand_over(task.run(memory[start : start + size]), memory)
    except CorruptPhotoError:
        return DAMAGED
    except (MemoryError, cv2.error) as error:
        return NO_MEMORY if is_out_of_memory(error) else DAMAGED
    return DONE


def _hand_over(images: list[Image], memory: npt.NDArray[np.uint8]) -> None:
    offset = 0
    for image in images:
        np.copyto(memory[offset : offset + image.size].reshape(image.shape), image)
        offset += image.size
