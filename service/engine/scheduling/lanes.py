"""Lanes: threads that run the model, one per session, fed from one queue.

A free lane takes the photos that are queued, up to the largest batch that pays, and never waits for a batch to fill.
A photo that is alone runs in a session of its own, which has all cores for one run.
Every photo's future resolves: with a prediction or with an error. A photo whose future is cancelled or whose deadline
has passed leaves the queue without running. Callbacks of a future run in the lane that resolves it.
"""

import logging
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock, Thread, current_thread
from typing import Any, Generic, Protocol, TypeVar

from service.engine.errors import ClosedError, DeadlineError, DeviceError, InferenceError
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.lane_activity import LaneActivity
from service.imaging.decode import Image

log = logging.getLogger(__name__)


class RunResult(Protocol):
    """What a session says of one photo."""

    @property
    def run_seconds(self) -> float:
        """What the run took that it is from."""


R = TypeVar("R", bound=RunResult)
R_co = TypeVar("R_co", bound=RunResult, covariant=True)


class Runnable(Protocol[R_co]):
    """A session that a lane runs: answers for photos (H, W, 3), in their order."""

    def run(self, images: Sequence[Image], /) -> Sequence[R_co]: ...


class NotNeededError(Exception):
    """Raised by a job's ``load``: the photo turned out to need no run. The job's future raises it."""


BatchListener = Callable[[int, float], None]
"""Called with the number of photos in a run and the seconds that it took."""


@dataclass(frozen=True, slots=True)
class Job(Generic[R]):
    """A queued photo."""

    load: Callable[[], Image]
    """Gives the model's input (H, W, 3); called in the lane."""
    deadline: Deadline
    future: Future[R]

    def is_wanted(self) -> bool:
        """Whether to run it; if not, its future is resolved."""
        if not self.future.set_running_or_notify_cancel():
            return False
        try:
            self.deadline.check()
        except DeadlineError as error:
            self.future.set_exception(error)
            return False
        return True

    def image(self) -> Image | None:
        """The model's input (H, W, 3); None, and the future is resolved, if it cannot be loaded or came too late."""
        try:
            image = self.load()
            self.deadline.check()
        except Exception as error:
            self.future.set_exception(error)
            return None
        return image


class Lanes(Generic[R]):
    """Threads that run the model, one per session, fed from one queue in the order of submission."""

    def __init__(
        self,
        sessions: Sequence[Runnable[R]],
        largest_batch: int,
        check: Callable[[Any], None],
        name: str = "lane",
        alone: Runnable[R] | None = None,
    ) -> None:
        """Starts a thread per session. ``check`` runs the golden sample, to tell a broken device from a bad photo.

        A photo runs in the session ``alone``, if there is one, while the lane that has it is the only one at work.
        """
        self._queue: queue.SimpleQueue[Job[R] | None] = queue.SimpleQueue()
        self._largest_batch = largest_batch
        self._check = check
        self._alone = alone
        self._activity = LaneActivity()
        self._fault: str | None = None
        self._listeners: list[BatchListener] = []
        self._closed = False
        self._submit_lock = Lock()
        self._threads = [
            Thread(target=self._run_lane, args=(session,), name=f"{name}-{number}", daemon=True)
            for number, session in enumerate(sessions)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def fault(self) -> str | None:
        """Why the device cannot be used any more; None while it works. Only a new process can reopen a device."""
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
    def is_current_thread(self) -> bool:
        """Whether the calling thread is a lane."""
        return current_thread() in self._threads

    def subscribe(self, listener: BatchListener) -> None:
        """Calls the listener after each run, in the lane's thread."""
        self._listeners.append(listener)

    def submit(self, load: Callable[[], Image], deadline: Deadline | None = None) -> Future[R]:
        """Queues a photo; ``load`` gives the model's input (H, W, 3) and is called in the lane.

        The future raises :class:`DeadlineError`, :class:`InferenceError` or :class:`DeviceError`, or what ``load``
        raised.

        Raises:
            ClosedError: the lanes are closed.
        """
        job: Job[R] = Job(load, deadline or Deadline(), Future())
        with self._submit_lock:  # so that nothing is queued behind the end mark, where no lane would find it
            if self._closed:
                raise ClosedError("The service is shutting down.")
            self._queue.put(job)
        return job.future

    def close(self, timeout: float | None = None) -> None:
        """Accepts no more photos, runs those that are queued and returns when the last is done.

        It waits for ``timeout`` seconds at most. A run cannot be interrupted: one that takes longer goes on until the
        process ends.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._submit_lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def _run_lane(self, session: Runnable[R]) -> None:
        while (jobs := self._take()) is not None:
            if self._fault:
                _fail(jobs, DeviceError(self._fault))
                continue
            with self._activity.working():
                batch = [(job, image) for job in jobs if (image := job.image()) is not None]
                is_alone = len(jobs) == 1 and self._activity.is_single
                self._run(self._alone if self._alone and is_alone else session, batch)

    def _take(self) -> list[Job[R]] | None:
        """Waits for a photo, then takes those that are queued, up to a batch; None once the lanes are closed."""
        jobs: list[Job[R]] = []
        job = self._queue.get()
        while True:
            if job is None:
                self._queue.put(None)  # for the other lanes
                return jobs or None
            if job.is_wanted():
                jobs.append(job)
            if len(jobs) == self._largest_batch:
                return jobs
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs

    def _run(self, session: Runnable[R], batch: Sequence[tuple[Job[R], Image]]) -> None:
        if not batch:
            return
        jobs = [job for job, _ in batch]
        try:
            predictions = session.run([image for _, image in batch])
        except Exception as error:
            if len(batch) > 1:  # one by one, so that a photo that cannot be run fails alone
                for item in batch:
                    self._run(session, [item])
            else:
                _fail(jobs, self._diagnose(session, error))
        else:
            for listener in self._listeners:
                listener(len(batch), predictions[0].run_seconds)
            for job, prediction in zip(jobs, predictions, strict=True):
                job.future.set_result(prediction)

    def _diagnose(self, session: Runnable[R], error: Exception) -> InferenceError | DeviceError:
        """Whether a failed run means a broken device, which fails on the golden sample as well, or a bad photo."""
        try:
            self._check(session)
        except Exception as proof:
            log.critical("the device is broken: %s; the golden sample fails as well: %s", error, proof)
            self._fault = "The device that runs the model has failed; this server must be restarted."
            return DeviceError(self._fault)
        log.error("the model failed on one photo: %s", error)
        return InferenceError("The model failed on this photo.")


def _fail(jobs: Sequence[Job[R]], error: Exception) -> None:
    for job in jobs:
        job.future.set_exception(error)
