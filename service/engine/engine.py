"""The line that a photo takes:

bytes ─ decode ─ orient ─ fit ─ queue ─ batch ─ session.run ─ undo the fit ─ encode ─ bytes
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Self, TypeVar

import cv2

from service.engine.admission import Admission
from service.engine.analysis import Analysis
from service.engine.boxes import AskedBox, views_of
from service.engine.card import Card, read_card
from service.engine.cores import usable_cores
from service.engine.errors import DeviceError, StartError
from service.engine.golden import prover
from service.engine.lanes import Lanes
from service.engine.session import Prediction, open_session
from service.engine.timings import Timings
from service.engine.tuning import Drive, tune
from service.engine.view import View
from service.imaging.box import Box
from service.imaging.decode import Image, decode
from service.imaging.fit import Fit, fit_photo, plan_fit
from service.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PreparedView:
    """A view that is ready to queue: the model's input (H, W, 3), and how the box of the photo lies in it."""

    image: Image
    box: Box
    fit: Fit


@dataclass(frozen=True, slots=True)
class Prepared:
    """A decoded photo's size, and what the model is to be shown of it."""

    width: int
    height: int
    views: Sequence[PreparedView]


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

    def check(self, boxes: Sequence[AskedBox] = ()) -> None:
        """Raises what a photo would meet at the door, so that nobody uploads one in vain.

        Raises:
            DeviceError, OverloadError: see there.
        """
        if self.lanes.fault:
            raise DeviceError(self.lanes.fault)
        self.admission.check(_places(boxes))

    async def analyze(
        self,
        data: bytes,
        encode: Callable[[Analysis], T],
        deadline: float = inf,
        boxes: Sequence[AskedBox] = (),
    ) -> tuple[T, Timings]:
        """Takes a photo down the whole line; ``encode`` turns the analysis into the answer.

        With ``boxes``, the model is shown the surroundings of each and not the whole photo. Cancelling takes the photo
        out of whatever queue it stands in. ``deadline`` is on ``time.monotonic``'s clock.

        Raises:
            PhotoError: the bytes are no usable photo.
            OverloadError, DeadlineError, InferenceError, DeviceError, ClosedError: see there.
        """
        began = time.perf_counter()
        with self.admission.enter(_places(boxes)):
            prepared, decoding = await self._in_pool(partial(self.prepare, data, boxes))
            futures = [self.lanes.submit(view.image, deadline) for view in prepared.views]
            try:
                predictions = await asyncio.gather(*map(asyncio.wrap_future, futures))
            finally:  # what one view's failure leaves without use does not run
                for future in futures:
                    future.cancel()
            answer, encoding = await self._in_pool(partial(encode, self._analysis(data, prepared, predictions)))
        device = max(prediction.run_seconds for prediction in predictions)
        return answer, Timings(decoding, device, encoding, time.perf_counter() - began)

    def analyze_here(self, data: bytes, encode: Callable[[Analysis], T]) -> T:
        """The same line for callers without an event loop; decodes and encodes in the calling thread."""
        prepared = self.prepare(data)
        predictions = [self.lanes.submit(view.image).result() for view in prepared.views]
        return encode(self._analysis(data, prepared, predictions))

    def prepare(self, data: bytes, boxes: Sequence[AskedBox] = ()) -> Prepared:
        """Decodes a photo, turns it upright and fits what the model is to be shown of it to the model's input."""
        photo = decode(data, self._max_pixels)
        height, width = photo.shape[:2]
        return Prepared(width, height, [self._view(photo, box) for box in views_of(boxes, width, height)])

    def _view(self, photo: Image, box: Box) -> PreparedView:
        session = self.drive.sessions[0]
        fit = plan_fit((box.height, box.width), (session.input_height, session.input_width), self.card.fit)
        return PreparedView(fit_photo(photo[box.area], fit, self.card.pad_color), box, fit)

    def _analysis(self, data: bytes, prepared: Prepared, predictions: Sequence[Prediction]) -> Analysis:
        views = [
            View(view.box, view.fit, prediction) for view, prediction in zip(prepared.views, predictions, strict=True)
        ]
        load_photo = partial(decode, data, self._max_pixels)
        return Analysis(self.card, prepared.width, prepared.height, views, load_photo)

    async def _in_pool(self, work: Callable[[], T]) -> tuple[T, float]:
        """Does work in the pool; gives its result and the seconds it took."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(_timed, work))

    def close(self) -> None:
        """Answers what is queued, then stops all threads."""
        self.lanes.close()
        self._pool.shutdown()


def _places(boxes: Sequence[AskedBox]) -> int:
    """Runs of the model that a photo with these boxes needs."""
    return len(boxes) or 1


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began
