"""The line that a photo takes:

bytes ─ decode ─ orient ─ fit ─ queue ─ batch ─ session.run ─ undo the fit ─ encode ─ bytes
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Self, TypeVar

import cv2

from service.engine.admission import Admission
from service.engine.analysis import Analysis
from service.engine.card import Card, read_card
from service.engine.cores import usable_cores
from service.engine.errors import DeviceError, StartError
from service.engine.golden import prover
from service.engine.lanes import Lanes
from service.engine.session import Prediction, open_session
from service.engine.tuning import Drive, tune
from service.imaging.decode import Image, decode
from service.imaging.fit import Fit, fit_photo, plan_fit
from service.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A photo that is ready to queue: the model's input (H, W, 3) and how the photo lies in it."""

    image: Image
    fit: Fit


class Engine:
    """One model on one device, proven and warm, and the pool that decodes for it and encodes its answers."""

    def __init__(self, card: Card, drive: Drive, settings: Settings, lanes: Lanes, workers: int) -> None:
        self.card = card
        self.drive = drive
        self.lanes = lanes
        self.admission = Admission(settings.queue_size, drive.photos_per_second)
        self._max_pixels = settings.max_pixels
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="photo")

    @classmethod
    def start(cls, settings: Settings) -> Self:
        """Loads the model, proves it on its golden sample, measures how to drive it and warms it up.

        Raises:
            StartError: the model file or the provider cannot be used; the message says why.
        """
        began = time.perf_counter()
        cores = usable_cores()
        cv2.setNumThreads(1)  # photos are worked on side by side; a photo on all cores would only disturb that
        session = open_session(settings.model, settings.provider, 1)
        card = read_card(session.metadata, str(settings.model))
        prove = prover(card)
        drive = tune(
            partial(open_session, settings.model, session.provider),
            session, cores, settings.lanes, settings.threads, settings.max_batch,
        )  # fmt: skip
        for lane in set(drive.sessions):
            try:
                prove(lane)
            except Exception as error:
                raise StartError(
                    f"{settings.model} does not compute on provider “{session.provider}” what it did when it was "
                    f"made: {error}. Try another provider, or export the model anew."
                ) from error
        log.info("%s %s is ready after %.1f s", card.name, card.version, time.perf_counter() - began)
        return cls(card, drive, settings, Lanes(drive.sessions, drive.largest_batch, prove), workers=cores)

    def check(self) -> None:
        """Raises what a photo would meet at the door, so that nobody uploads one in vain.

        Raises:
            DeviceError, OverloadError: see there.
        """
        if self.lanes.fault:
            raise DeviceError(self.lanes.fault)
        self.admission.check()

    async def analyze(self, data: bytes, encode: Callable[[Analysis], T], deadline: float = inf) -> T:
        """Takes a photo down the whole line; ``encode`` turns the analysis into the answer.

        Cancelling takes the photo out of whatever queue it stands in. ``deadline`` is on ``time.monotonic``'s clock.

        Raises:
            PhotoError: the bytes are no usable photo.
            OverloadError, DeadlineError, InferenceError, DeviceError, ClosedError: see there.
        """
        with self.admission.enter():
            prepared = await self._in_pool(partial(self.prepare, data))
            prediction = await asyncio.wrap_future(self.lanes.submit(prepared.image, deadline))
            return await self._in_pool(partial(encode, self._analysis(data, prepared, prediction)))

    def analyze_here(self, data: bytes, encode: Callable[[Analysis], T]) -> T:
        """The same line for callers without an event loop; decodes and encodes in the calling thread."""
        prepared = self.prepare(data)
        prediction = self.lanes.submit(prepared.image).result()
        return encode(self._analysis(data, prepared, prediction))

    def prepare(self, data: bytes) -> Prepared:
        """Decodes a photo, turns it upright and fits it to the model's input."""
        photo = decode(data, self._max_pixels)
        session = self.drive.sessions[0]
        fit = plan_fit(photo.shape[:2], (session.input_height, session.input_width), self.card.fit)
        return Prepared(fit_photo(photo, fit, self.card.pad_color), fit)

    def _analysis(self, data: bytes, prepared: Prepared, prediction: Prediction) -> Analysis:
        return Analysis(self.card, prepared.fit, prediction, partial(decode, data, self._max_pixels))

    async def _in_pool(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Answers what is queued, then stops all threads."""
        self.lanes.close()
        self._pool.shutdown()
