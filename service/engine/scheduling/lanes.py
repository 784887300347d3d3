"""Lanes: owner threads that run the model, fed from one queue.

A free lane takes what waits, up to the largest batch that pays, and never waits for a batch to fill. Every photo's
future resolves: with the answer, or with the reason why there is none. A photo that is no longer wanted (its future is
cancelled, or its deadline has passed) leaves the queue without running. What a future's resolving sets off runs in the
lane.
"""

import logging
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from math import inf
from threading import Lock, Thread, current_thread
from typing import Self

from service.engine.errors import ClosedError, DeadlineError, DeviceError, InferenceError
from service.engine.model.golden import GoldenCheck
from service.engine.model.session import Prediction, Session
from service.imaging.decode import Image

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Deadline:
    """The moment, on the clock of ``time.monotonic``, after which nobody wants an answer. It may be put off."""

    at: float = inf

    def __enter__(self) -> Self:
        """Somebody waits, within the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody does any more."""
        self.give_up()

    def give_up(self) -> None:
        """Makes the moment one that has passed."""
        self.at = -inf

    @property
    def has_passed(self) -> bool:
        """Whether nobody wants an answer any more."""
        return time.monotonic() >= self.at

    def check(self) -> None:
        """Raises :class:`DeadlineError` if the moment has passed."""
        if self.has_passed:
            raise DeadlineError("The time for this photo was up before its turn came.")


@dataclass(frozen=True, slots=True)
class Job:
    """A photo that waits for its turn."""

    load: Callable[[], Image]
    """Gives the photo, fitted to the model's input."""
    deadline: Deadline
    future: Future[Prediction]

    def is_wanted(self) -> bool:
        """Whether to run it now; resolves it if not."""
        if not self.future.set_running_or_notify_cancel():
            return False
        try:
            self.deadline.check()
        except DeadlineError as error:
            self.future.set_exception(error)
            return False
        return True

    def image(self) -> Image | None:
        """The fitted photo; None, and the job is resolved, if there is none or nobody wants it any more."""
        try:
            image = self.load()
            self.deadline.check()
        except Exception as error:
            self.future.set_exception(error)
            return None
        return image


class Lanes:
    """One owner thread per session, all fed from one queue in the order of submission."""

    def __init__(self, sessions: Sequence[Session], largest_batch: int, prove: GoldenCheck) -> None:
        """Starts a thread per session. ``prove`` tells a broken device from a photo that cannot be run."""
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._largest_batch = largest_batch
        self._prove = prove
        self._fault: str | None = None
        self.on_batch: Callable[[int, float], None] = lambda photos, seconds: None
        """Told after each run how many photos were in it and what it took; called in the lanes' threads."""
        self._closed = False
        self._door = Lock()
        self._threads = [
            Thread(target=self._drive, args=(session,), name=f"lane-{number}", daemon=True)
            for number, session in enumerate(sessions)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def fault(self) -> str | None:
        """What broke the device, once something has; it stays, for only a new process gets a device anew."""
        return self._fault

    @property
    def waiting(self) -> int:
        """Photos in the queue."""
        return self._queue.qsize()

    @property
    def are_running(self) -> bool:
        """Whether a lane has not ended."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is a lane."""
        return current_thread() in self._threads

    def submit(self, load: Callable[[], Image], deadline: Deadline | None = None) -> Future[Prediction]:
        """Queues a photo, which ``load`` gives in the lane, fitted (H, W, 3). Cancel the future to take it back.

        The future raises :class:`DeadlineError`, :class:`InferenceError` or :class:`DeviceError`, or what ``load``
        raised.

        Raises:
            ClosedError: the lanes are shut.
        """
        job = Job(load, deadline or Deadline(), Future())
        with self._door:  # so that nothing is queued behind the end mark, where no lane would look
            if self._closed:
                raise ClosedError("The service is shutting down.")
            self._queue.put(job)
        return job.future

    def close(self, patience: float | None = None) -> None:
        """Takes no more photos, runs those that wait and returns when the last is answered.

        A run cannot be interrupted: from one that takes longer than ``patience`` seconds, only the process's end frees.
        """
        until = None if patience is None else time.monotonic() + patience
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def _drive(self, session: Session) -> None:
        while (jobs := self._take()) is not None:
            if self._fault:
                _fail(jobs, DeviceError(self._fault))
            else:
                self._run(session, [(job, image) for job in jobs if (image := job.image()) is not None])

    def _take(self) -> list[Job] | None:
        """Waits for a photo, then takes those that wait as well, up to a batch; None when the lanes are shut."""
        jobs: list[Job] = []
        job = self._queue.get()
        while True:
            if job is None:
                self._queue.put(None)  # the other lanes want to see the end mark, too
                return jobs or None
            if job.is_wanted():
                jobs.append(job)
            if len(jobs) == self._largest_batch:
                return jobs
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs

    def _run(self, session: Session, batch: Sequence[tuple[Job, Image]]) -> None:
        if not batch:
            return
        jobs = [job for job, _ in batch]
        try:
            predictions = session.run([image for _, image in batch])
        except Exception as error:
            if len(batch) > 1:  # one by one, so that a photo that cannot be run fails alone
                for shown in batch:
                    self._run(session, [shown])
            else:
                _fail(jobs, self._diagnose(session, error))
        else:
            self.on_batch(len(batch), predictions[0].run_seconds)
            for job, prediction in zip(jobs, predictions, strict=True):
                job.future.set_result(prediction)

    def _diagnose(self, session: Session, error: Exception) -> InferenceError | DeviceError:
        """A failure is the device's if the golden sample fails as well, otherwise the photo's."""
        try:
            self._prove(session)
        except Exception as proof:
            log.critical("the device is broken: %s; the golden sample fails as well: %s", error, proof)
            self._fault = "The device that runs the model has failed; this server must be restarted."
            return DeviceError(self._fault)
        log.error("the model failed on one photo: %s", error)
        return InferenceError("The model failed on this photo.")


def _fail(jobs: Sequence[Job], error: Exception) -> None:
    for job in jobs:
        job.future.set_exception(error)
