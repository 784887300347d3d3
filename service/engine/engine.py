"""The engine: one model on one device, from its start to its end."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import product
from math import inf
from typing import Self, TypeVar

import cv2

from service.engine.decoding.decoders import open_decoder
from service.engine.detection.detector import PersonDetector
from service.engine.errors import StartError
from service.engine.model.card import Card, read_card
from service.engine.model.cores import usable_cores
from service.engine.model.golden import golden_check
from service.engine.model.opened_file import OpenedFile
from service.engine.model.session import GpuOptions, Prediction, open_session
from service.engine.model.tuning import TunedSessions, tune
from service.engine.photo.analysis import Analysis
from service.engine.photo.boxes import RequestedBox
from service.engine.photo.people import PeopleOption
from service.engine.photo.photo import Photo
from service.engine.photo.timings import PhotoStats
from service.engine.pipeline import Pipeline, PipelineOptions
from service.engine.scheduling.admission import Admission
from service.engine.scheduling.lanes import BatchListener, Lanes
from service.engine.scheduling.workers import Workers, heavy_threads
from service.imaging.inspect import Limits
from service.settings import DeviceProvider, Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What runs the model, as it was chosen or measured at start."""

    provider: DeviceProvider
    model_file: OpenedFile
    """The file that is open: the named one, or the one beside it in the precision that suits the provider."""
    input_height: int
    input_width: int
    """Size of the model's input, in pixels."""
    lanes: int
    """Threads that run the model side by side."""
    threads: int
    """Threads within a run."""
    threads_alone: int
    """Threads within the run of a photo that is alone."""
    largest_batch: int
    batch_sizes: Sequence[int]
    photos_per_second: float
    """Through the model alone, measured at start."""

    @property
    def saturation(self) -> int:
        """Photos that a caller must have under way at once to keep the engine busy: as many again as run."""
        return 2 * self.lanes * self.largest_batch


@dataclass(frozen=True, slots=True)
class EngineStats:
    """The engine's load at one moment."""

    queued: int
    """Photos that wait for the device."""
    under_way: int
    """Runs of the model that photos under way need."""
    pixels_at_work: int
    """Pixels that are being decoded or drawn."""
    retry_after: int
    """Seconds, from 1, in which the photos under way should be done."""


class Engine:
    """One model on one device, proven and warm: takes photos, gives answers."""

    def __init__(
        self,
        card: Card,
        tuned: TunedSessions,
        settings: Settings,
        lanes: Lanes[Prediction],
        workers: int,
        detector: PersonDetector | None = None,
    ) -> None:
        """An engine of sessions that are running; ``workers`` is the number of threads that decode and encode.

        Without a ``detector``, one person is looked for in each photo.
        """
        session = tuned.sessions[0]
        self.card = card
        self.detector = detector.card if detector else None
        self.detector_file = detector.session.file if detector else None
        """The detector's file that is open, as :attr:`EngineInfo.model_file`."""
        self.info = EngineInfo(
            session.provider, session.file, session.input_height, session.input_width,
            len(tuned.sessions), tuned.threads, tuned.threads_alone, tuned.largest_batch, tuned.batches,
            tuned.photos_per_second,
        )  # fmt: skip
        people = f"{self.detector.model_dump_json() if self.detector else ''}{settings.max_people}"
        self.fingerprint = sha256(f"{card.model_dump_json()}{people}".encode()).hexdigest()
        """What answers depend on beside photo and options: two engines with the same one give the same answers."""
        # Lanes and pool decode; more processes than cores would only share those. Heavy work has processes beside them,
        # so that ordinary photos never wait for one.
        self.decoder = open_decoder(settings.isolate_decoding, workers + heavy_threads(workers))
        self._lanes = lanes
        self._detector = detector
        self._admission = Admission(settings.queue_size, tuned.photos_per_second)
        lanes_decode = tuned.has_one_core_per_lane
        self._workers = Workers(workers, settings.max_pixels_at_work, lanes, lanes_decode)
        options = PipelineOptions(
            Limits(settings.max_pixels, settings.max_scan_blocks),
            settings.share_runs,
            # A model that is shown photos squashed learnt from whole ones, and its figures are of those.
            second_pass=settings.closer_look and card.fit == "letterbox",
            lanes_decode=lanes_decode,
            max_people=settings.max_people,
        )
        model_input = (session.input_height, session.input_width)
        self._pipeline = Pipeline(
            card, model_input, options, self.decoder, self._admission, lanes, self._workers, detector
        )

    @classmethod
    def start(cls, settings: Settings) -> Self:
        """Loads model and detector, proves them on their golden samples, measures how to run the model fastest and
        warms it up.

        Raises:
            StartError: the model file or the provider cannot be used; the message says why.
        """
        began = time.perf_counter()
        cores = usable_cores()
        cv2.setNumThreads(1)  # photos are worked on side by side; one photo on all cores would slow the others down
        if settings.cuda_graph and (settings.lanes or 1) > 1:
            raise StartError("JPPNET_CUDA_GRAPH is set, and so is JPPNET_LANES: a graph is replayed by one lane only.")
        options = GpuOptions(settings.cuda_graph, settings.tensorrt_cache)
        session = open_session(settings.model, settings.provider, 1, options)
        if session.file.path != settings.model:
            log.info(
                "%s is taken in place of %s: the same model in a precision that suits",
                session.file.path.name, settings.model.name,
            )  # fmt: skip
        card = read_card(session.metadata, str(settings.model))
        check = golden_check(card)
        tuned = tune(
            partial(open_session, settings.model, session.provider, options=options),
            session, cores, settings.lanes, settings.threads, settings.max_batch, settings.threads_alone,
        )  # fmt: skip
        alone = [(tuned.alone, 1)] if tuned.alone else []
        for lane, batch in [*product(tuned.sessions, tuned.batches), *alone]:
            try:
                check(lane, batch)
            except Exception as error:
                raise StartError(
                    f"{settings.model} does not compute on provider “{session.provider}” what it did when it was "
                    f"made, in a batch of {batch}: {error}. Try another provider, or export the model anew."
                ) from error
        detector = PersonDetector.start(settings.detector, session.provider) if settings.detector else None
        lanes = Lanes(tuned.sessions, tuned.largest_batch, check, alone=tuned.alone)
        engine = cls(card, tuned, settings, lanes, workers=cores, detector=detector)
        engine.warm()
        log.info("%s is ready after %.1f s", card.title, time.perf_counter() - began)
        return engine

    def warm(self) -> None:
        """Returns when photos can be decoded at once.

        Raises:
            StartError: the decoding processes cannot be started.
        """
        self.decoder.warm()

    @property
    def fault(self) -> str | None:
        """Why the device cannot be used any more; None while it works."""
        return self._pipeline.fault

    def stats(self) -> EngineStats:
        """The load at this moment."""
        return EngineStats(
            queued=self._lanes.waiting + (self._detector.waiting if self._detector else 0),
            under_way=self._admission.under_way,
            pixels_at_work=self._workers.budget.in_use,
            retry_after=self._admission.retry_after,
        )

    def subscribe(self, listener: BatchListener) -> None:
        """Calls the listener after each run of the model, in the thread of the lane that ran it."""
        self._lanes.subscribe(listener)

    def check(self, boxes: Sequence[RequestedBox] = ()) -> None:
        """See :meth:`Pipeline.check`."""
        self._pipeline.check(boxes)

    async def inspect(self, data: bytes) -> Photo:
        """See :meth:`Pipeline.inspect`."""
        return await self._pipeline.inspect(data)

    async def analyze(
        self,
        photo: Photo,
        encode: Callable[[Analysis], T],
        deadline: float = inf,
        boxes: Sequence[RequestedBox] = (),
        people: PeopleOption = "auto",
    ) -> tuple[T, PhotoStats]:
        """See :meth:`Pipeline.analyze`."""
        return await self._pipeline.analyze(photo, encode, deadline, boxes, people)

    def analyze_here(
        self,
        data: bytes,
        encode: Callable[[Analysis], T],
        people: PeopleOption = "auto",
        boxes: Sequence[RequestedBox] = (),
    ) -> T:
        """See :meth:`Pipeline.analyze_here`."""
        return self._pipeline.analyze_here(data, encode, people, boxes)

    def close(self, timeout: float | None = None) -> bool:
        """Answers what is queued, then stops all threads; says whether all have ended.

        With ``timeout``, it waits that many seconds for threads that decode, encode or run the model. Work that is
        queued for the pools is then cancelled, and what still runs ends with the process.
        """
        until = None if timeout is None else time.monotonic() + timeout
        if self._detector:
            self._detector.close(timeout)
        self._lanes.close(None if until is None else max(0.0, until - time.monotonic()))
        if timeout is None:
            ending = self._workers.close(cancel_queued=False)
        else:
            ending = self._workers.close(cancel_queued=True)
            self.decoder.close()  # what is being decoded is no longer needed
        for thread in ending:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        self.decoder.close()
        return not self._lanes.are_running and not any(thread.is_alive() for thread in ending)
