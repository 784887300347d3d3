"""A handle on a decoding process, in the service."""

import json
import mmap
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from math import prod
from typing import Final

import numpy as np

from service.engine.decoding.task import DecodingTask
from service.engine.decoding.worker import DAMAGED, DONE, LARGEST_MESSAGE, NO_MEMORY, READY, STARTED
from service.imaging.decode import Image
from service.imaging.errors import CorruptPhotoError
from service.imaging.photo_file import PhotoFile

SHARED_BYTES: Final = 4_000_000
"""Bytes of the memory that a process and the service share for good; what does not fit gets memory of its own."""
START_SECONDS: Final = 60
POLL_SECONDS: Final = 0.1
"""How often the service looks whether a photo that takes long is still wanted."""
ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Large pictures go back to the system when they are done with; small ones use the same memory again.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 20),
}
PROGRAM: Final = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop())
from service.engine.decoding.worker import main
main()
"""


class ProcessExitedError(RuntimeError):
    """The process has ended; ``signal`` is what ended it, if it was one. ``had_task`` says whether it had begun with
    the task that it was given."""

    def __init__(self, message: str, signal: int = 0, *, had_task: bool) -> None:
        super().__init__(message)
        self.signal = signal
        self.had_task = had_task


class DecodingCancelledError(RuntimeError):
    """The photo took long and is no longer needed: its process was killed."""


class DecodingProcess:
    """One process. Used from one thread at a time, but for :meth:`kill`."""

    def __init__(self) -> None:
        """Starts it; :meth:`wait_until_ready` may come later.

        Raises:
            OSError: it cannot be started: too little memory, or too many processes.
        """
        self._is_ready = False
        arena = _memory(SHARED_BYTES + 1)
        self._arena = mmap.mmap(arena, SHARED_BYTES + 1)
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        descriptors = (theirs.fileno(), arena)
        with theirs:
            # In a group of its own it gets no Ctrl+C. It ends when its standard input does: with the service at last.
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *map(str, descriptors), json.dumps(sys.path)],
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders write there what they think of broken files
                pass_fds=descriptors,
                process_group=0,
            )
        os.close(arena)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Returns when it takes tasks.

        Raises:
            ProcessExitedError: it does not come to that.
        """
        if self._is_ready:
            return
        self._link.settimeout(START_SECONDS)
        try:
            said = self._link.recv(LARGEST_MESSAGE)
        except OSError as error:
            raise self._gone() from error
        if said != READY:
            raise self._gone()
        self._is_ready = True

    def decode(
        self,
        file: PhotoFile,
        task: DecodingTask,
        is_wanted: Callable[[], bool],
        patience: float,
        cpu_seconds: float,
    ) -> list[Image]:
        """Does a task. Once it has taken ``patience`` seconds, ``is_wanted`` is asked now and then. One that takes more
        than ``cpu_seconds`` ends the process by SIGPROF.

        Raises:
            CorruptPhotoError: the file is damaged.
            MemoryError: there is too little memory.
            ProcessExitedError: the process has ended over it.
            DecodingCancelledError: it is no longer needed; the process has been killed.
        """
        self.wait_until_ready()
        message = pickle.dumps((task, file.size, cpu_seconds))
        start = task.result_bytes
        if start + file.size <= SHARED_BYTES:
            _write(file, self._arena, start)
            self._ask(message, [], is_wanted, patience)
            return [image.copy() for image in _images(self._arena, task)]
        try:
            descriptor = _memory(start + file.size)
        except OSError as error:
            raise MemoryError from error
        try:
            shared = mmap.mmap(descriptor, start + file.size)
            _write(file, shared, start)
            self._ask(message, [descriptor], is_wanted, patience)
            os.ftruncate(descriptor, start)  # the file has been read; the images stay as long as they are referred to
            return _images(shared, task)
        except OSError as error:
            raise MemoryError from error
        finally:
            os.close(descriptor)

    def _ask(self, message: bytes, descriptors: list[int], is_wanted: Callable[[], bool], patience: float) -> None:
        until = time.monotonic() + patience
        self._arena[SHARED_BYTES] = 0
        try:
            self._link.settimeout(patience)
            socket.send_fds(self._link, [message], descriptors)
            while True:
                try:
                    said = self._link.recv(LARGEST_MESSAGE)
                    break
                except TimeoutError:
                    if time.monotonic() >= until and not is_wanted():
                        self.kill()
                        raise DecodingCancelledError("The photo is no longer wanted.") from None
                    self._link.settimeout(POLL_SECONDS)
        except OSError as error:
            raise self._gone() from error
        if said == DAMAGED:
            raise CorruptPhotoError("The file is damaged and cannot be decoded. Save the picture anew and send that.")
        if said == NO_MEMORY:
            raise MemoryError
        if said != DONE:
            raise self._gone()

    def _gone(self) -> ProcessExitedError:
        """Says how the process has ended; sees to it that it has."""
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:
            self.kill()
            return ProcessExitedError("a decoding process did not answer", had_task=True)
        had_task = self._arena[SHARED_BYTES] == STARTED
        if status >= 0:
            return ProcessExitedError(f"a decoding process ended with status {status}", had_task=had_task)
        name = signal.Signals(-status).name
        return ProcessExitedError(f"a decoding process was ended by {name}", -status, had_task=had_task)

    def kill(self) -> None:
        """Kills the process. Threads that wait for it get :class:`ProcessExitedError`."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Ends the process and frees its resources. May be called again."""
        self.kill()
        assert self._process.stdin
        self._process.stdin.close()
        self._link.close()


def _memory(size: int) -> int:
    """The descriptor of memory that processes can share. It is no file, so /dev/shm may be as small as it likes."""
    descriptor = os.memfd_create("photo", os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _write(file: PhotoFile, memory: mmap.mmap, offset: int) -> None:
    for part in file.parts:
        memory[offset : offset + len(part)] = part
        offset += len(part)


def _images(memory: mmap.mmap, task: DecodingTask) -> list[Image]:
    """The images at the beginning of the memory; they keep it as long as they are there."""
    images = []
    offset = 0
    for shape in task.shapes:
        count = prod(shape)
        images.append(np.frombuffer(memory, np.uint8, count, offset).reshape(shape))
        offset += count
    return images
