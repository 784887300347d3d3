"""Decoders of photos: in processes of their own, in the calling thread, or in the one or the other."""

import logging
import os
import signal
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Final, Protocol

import numpy as np

from service.engine.decoding.process import DecodingCancelledError, DecodingProcess, ProcessExitedError
from service.engine.decoding.task import DecodingTask
from service.engine.errors import ClosedError, DeadlineError, SlowDecodingError, StartError
from service.imaging.decode import Image, check_complete
from service.imaging.errors import CorruptPhotoError
from service.imaging.photo_file import PhotoFile
from service.settings import Isolation

log = logging.getLogger(__name__)

HANG_SECONDS: Final = 1.0
"""Seconds that any photo may take, wanted or not: a process that is ended costs a fifth of a second to replace."""


BRIEF: Final = (0.15, 25e-9)
"""Seconds of CPU time that a photo may take where it keeps others waiting, and seconds for each of its pixels: some
three times what JPEG photos take."""
AT_MOST: Final = (2.0, 500e-9)
"""The same for a photo that keeps no others waiting; a tenth of that is much."""
BLOCKS_IN_THREAD: Final = 150_000
"""Blocks of a sequential JPEG file that may be decoded in the calling thread: 6 megapixels with colours at half the
resolution, 3 with all of them. A block takes 1 µs at most, whatever is in it, so that all of them take no longer than a
photo may in a process (:data:`BRIEF`): ``python -m tests.benchmarks.worst_jpeg``."""
BYTES_IN_THREAD: Final = 4_000_000
"""Bytes of such a file; those that are of no block take 2 ns at most."""


class Decoder(Protocol):
    """Decodes photos for several threads."""

    def decode(
        self, file: PhotoFile, task: DecodingTask, is_wanted: Callable[[], bool], is_brief: bool = False
    ) -> list[Image]:
        """The images that a task asks for. With ``is_brief`` it is given up if it takes more than :data:`BRIEF`, where
        that can be done.

        Raises:
            PhotoError: the file is cut off or damaged.
            MemoryError: there is too little memory.
            DeadlineError: it took long, and is no longer wanted.
            SlowDecodingError: it takes too long to be brief.
            ClosedError: the decoder has been closed.
        """

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that there are."""

    def warm(self) -> None:
        """Returns when photos can be decoded without waiting for a start."""

    def close(self) -> None:
        """Cancels what is being decoded, and accepts nothing more."""


class ThreadDecoder:
    """Decodes in the calling thread. A crash of the decoder ends the service, and a slow photo cannot be cancelled."""

    def decode(
        self, file: PhotoFile, task: DecodingTask, is_wanted: Callable[[], bool], is_brief: bool = False
    ) -> list[Image]:
        """See :class:`Decoder`."""
        check_complete(file)
        return task.run(np.frombuffer(file.join(), np.uint8))

    @property
    def pids(self) -> list[int]:
        """There are none."""
        return []

    def warm(self) -> None:
        """It always is."""

    def close(self) -> None:
        """There is nothing to end."""


class ProcessDecoder:
    """Decodes in processes, which are started when first needed, and replaced when one has ended.

    A photo that crashes its process is answered as corrupt and is not tried again: it would crash the next one. One
    whose process had ended before it began with the photo is decoded in another process.
    """

    def __init__(self, count: int) -> None:
        """Decodes up to ``count`` photos at once; further callers wait."""
        self._idle: deque[DecodingProcess | None] = deque([None] * count)
        self._count = count
        self._all: set[DecodingProcess] = set()
        self._changed = Condition()
        self._is_closed = False

    @property
    def pids(self) -> list[int]:
        """See :class:`Decoder`."""
        with self._changed:
            return sorted(process.pid for process in self._all)

    def warm(self) -> None:
        """Starts all processes and returns when they take photos.

        Raises:
            StartError: one cannot be started.
        """
        taken = [self._acquire(lambda: True) for _ in range(self._count)]
        try:
            started = [process or self._start() for process in taken]
            for process in started:
                process.wait_until_ready()
        except (OSError, ProcessExitedError) as error:
            self.close()
            raise StartError(
                f"The processes that decode photos cannot be started: {error}. JPPNET_ISOLATE_DECODING=none does "
                "without them."
            ) from error
        for process in started:
            self._release(process)

    def decode(
        self, file: PhotoFile, task: DecodingTask, is_wanted: Callable[[], bool], is_brief: bool = False
    ) -> list[Image]:
        """See :class:`Decoder`."""
        check_complete(file)
        at_least, per_pixel = BRIEF if is_brief else AT_MOST
        cpu_seconds = at_least + per_pixel * task.header.pixels
        process = self._acquire(is_wanted)
        try:
            if process is None or not process.is_alive:  # somebody may have ended it while it did nothing
                process = self._started(process)
            try:
                return process.decode(file, task, is_wanted, HANG_SECONDS, cpu_seconds)
            except ProcessExitedError as error:
                if error.had_task or self._is_closed:
                    raise
            process = self._started(process)
            return process.decode(file, task, is_wanted, HANG_SECONDS, cpu_seconds)
        except ProcessExitedError as error:
            raise self._error_of(error, task, is_brief) from error
        except DecodingCancelledError as error:
            raise DeadlineError("The time for this photo was up while it was being decoded.") from error
        finally:
            self._release(process)

    def _acquire(self, is_wanted: Callable[[], bool]) -> DecodingProcess | None:
        """Waits for an idle process; None stands for one that has not been started yet."""
        with self._changed:
            while not self._idle and not self._is_closed:
                self._changed.wait(HANG_SECONDS)
                if not self._idle and not is_wanted():
                    raise DeadlineError("The time for this photo was up before its turn to be decoded came.")
            if self._is_closed:
                raise ClosedError("The service is shutting down.")
            return self._idle.pop()

    def _release(self, process: DecodingProcess | None) -> None:
        """Lets another photo have the process. The one in place of one that has ended starts at once, and is the last
        to be used."""
        if process and not process.is_alive:
            process = self._replace(process)
            with self._changed:
                self._idle.appendleft(process)
                self._changed.notify()
            return
        with self._changed:
            self._idle.append(process)
            self._changed.notify()

    def _started(self, gone: DecodingProcess | None) -> DecodingProcess:
        """A process in place of one that has ended, if there was one."""
        if gone:
            self._drop(gone)
        try:
            return self._start()
        except OSError as error:
            log.error("a decoding process cannot be started: %s", error)
            raise MemoryError from error

    def _start(self) -> DecodingProcess:
        process = DecodingProcess()
        with self._changed:
            if not self._is_closed:
                self._all.add(process)
                return process
        process.close()
        raise ClosedError("The service is shutting down.")

    def _drop(self, process: DecodingProcess) -> None:
        with self._changed:
            self._all.discard(process)
        process.close()

    def _replace(self, process: DecodingProcess) -> DecodingProcess | None:
        self._drop(process)
        try:
            return self._start()
        except (OSError, ClosedError):
            return None  # the next caller that needs it tries again

    def _error_of(self, error: ProcessExitedError, task: DecodingTask, is_brief: bool) -> Exception:
        """The error of a photo whose process has ended."""
        if self._is_closed:
            return ClosedError("The service is shutting down.")
        if not error.signal or not (error.had_task or error.signal == signal.SIGKILL):
            return error  # a fault of ours, not the photo's
        if error.signal == signal.SIGPROF and is_brief:
            return SlowDecodingError("The photo takes long to decode.")
        header = task.header
        log.error("%s over a photo: %s of %d×%d pixels", error, header.type, header.width, header.height)
        if error.signal == signal.SIGKILL:  # sent by the kernel when memory is short
            return MemoryError()
        return CorruptPhotoError(
            "The decoder failed on this file, or took far too long. Save the picture anew and send that."
        )

    def close(self) -> None:
        """See :class:`Decoder`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            processes = list(self._all)
            idle = set(self._idle)
        for process in processes:
            if process in idle:
                process.close()
            else:
                process.kill()  # the thread that uses it gives back what it had


class HybridDecoder:
    """Decodes sequential JPEG files of ordinary size in the calling thread, and all other files in processes.

    Handing a photo to a process and back costs half a millisecond, which ordinary photos need not pay: the time that
    a sequential JPEG file takes is bounded by the number of its blocks, and it reaches no more of the decoder than
    Huffman decoding, the inverse transform and the conversion of colours. A crash in there would end the service.
    """

    def __init__(self, processes: ProcessDecoder) -> None:
        """Decodes in these processes what is not decoded in the calling thread."""
        self._processes = processes
        self._thread = ThreadDecoder()

    def decode(
        self, file: PhotoFile, task: DecodingTask, is_wanted: Callable[[], bool], is_brief: bool = False
    ) -> list[Image]:
        """See :class:`Decoder`."""
        decoder = self._thread if is_bounded(file) else self._processes
        return decoder.decode(file, task, is_wanted, is_brief)

    @property
    def pids(self) -> list[int]:
        """See :class:`Decoder`."""
        return self._processes.pids

    def warm(self) -> None:
        """See :class:`Decoder`."""
        self._processes.warm()

    def close(self) -> None:
        """See :class:`Decoder`."""
        self._processes.close()


def is_bounded(file: PhotoFile) -> bool:
    """Whether a file takes little time to decode, whatever is in it."""
    return 0 < file.header.sequential_blocks <= BLOCKS_IN_THREAD and file.size <= BYTES_IN_THREAD


def open_decoder(isolation: Isolation, count: int) -> Decoder:
    """A decoder of up to ``count`` photos at once: in processes what is wanted there, if the system can do it."""
    if isolation == "none":
        return ThreadDecoder()
    if not hasattr(os, "memfd_create"):
        log.warning("this system shares no memory as isolated decoding needs; photos are decoded in the service itself")
        return ThreadDecoder()
    processes = ProcessDecoder(count)
    return processes if isolation == "all" else HybridDecoder(processes)
