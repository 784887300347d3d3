"""The line that a photo takes:

bytes ─ decode ─ orient ─ fit ─ queue ─ batch ─ session.run ─ undo the fit ─ encode ─ bytes

On a device of its own the model runs in a lane, and a pool decodes and encodes for it. On a CPU a lane does all of that
for its photo, which then is not handed from thread to thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import product
from math import inf
from threading import Thread
from typing import Final, Self, TypeVar

import cv2

from service.engine.decoding.decoders import open_decoder
from service.engine.errors import ClosedError, DeviceError, OutOfMemoryError, StartError
from service.engine.model.card import Card, read_card
from service.engine.model.cores import usable_cores
from service.engine.model.golden import golden_check
from service.engine.model.session import GpuOptions, open_session
from service.engine.model.tuning import TunedSessions, tune
from service.engine.photo.analysis import Analysis
from service.engine.photo.boxes import RequestedBox, check_total_size
from service.engine.photo.inference import Inference
from service.engine.photo.photo import Photo, Plan, plan
from service.engine.photo.timings import Timings
from service.engine.scheduling.admission import Admission
from service.engine.scheduling.futures import ready, then, together
from service.engine.scheduling.lanes import Deadline, Lanes
from service.engine.scheduling.pixel_budget import PixelBudget
from service.engine.scheduling.single_flight import SingleFlight
from service.imaging.decode import Image, is_out_of_memory
from service.imaging.inspect import Limits
from service.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


SMALL: Final = 128 * 1024
"""Bytes of a file that is looked at on the spot: that takes less time than handing it to a thread."""
HEAVY: Final = 16_000_000
"""Pixels above which work has threads of its own, half as many as the others: more than most photos of phones have.
Some seconds of it in every lane would let no ordinary photo through."""
HEAVY_SHARE: Final = 0.75
"""Of the pixels that may be in work at the same time, those that heavy work may have; one that needs more is alone."""


class Engine:
    """One model on one device, proven and warm, and the pool that decodes for it and encodes its answers."""

    def __init__(self, card: Card, drive: TunedSessions, settings: Settings, lanes: Lanes, workers: int) -> None:
        self.card = card
        self.drive = drive
        self.lanes = lanes
        self.is_draining = False
        self._is_closed = False
        self.admission = Admission(settings.queue_size, drive.photos_per_second)
        self._limits = Limits(settings.max_pixels, settings.max_scan_blocks)
        # Lanes that do all and the pool decode; more of them than there are cores would only share those.
        self.decoder = open_decoder(settings.isolate_decoding, workers)
        self.budget = PixelBudget(settings.max_pixels_at_work)
        self._flights: SingleFlight[Inference] = SingleFlight()
        self._shares_runs = settings.share_runs
        # A model that is shown photos squashed learnt from whole ones, and its figures are of those.
        self._looks_closer = settings.closer_look and card.fit == "letterbox"
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="photo")
        self._heavy_pool = ThreadPoolExecutor(max(1, workers // 2), thread_name_prefix="heavy")
        self._heavy_budget = PixelBudget(int(HEAVY_SHARE * settings.max_pixels_at_work))
        self._lanes_do_all = drive.has_one_core_per_lane

    @classmethod
    def start(cls, settings: Settings) -> Self:
        """Loads the model, proves it on its golden sample, measures how to drive it and warms it up.

        Raises:
            StartError: the model file or the provider cannot be used; the message says why.
        """
        began = time.perf_counter()
        cores = usable_cores()
        cv2.setNumThreads(1)  # photos are worked on side by side; a photo on all cores would only disturb that
        if settings.cuda_graph and (settings.lanes or 1) > 1:
            raise StartError("JPPNET_CUDA_GRAPH is set, and so is JPPNET_LANES: a graph is replayed by one lane only.")
        options = GpuOptions(settings.cuda_graph, settings.tensorrt_cache)
        session = open_session(settings.model, settings.provider, 1, options)
        card = read_card(session.metadata, str(settings.model))
        prove = golden_check(card)
        drive = tune(
            partial(open_session, settings.model, session.provider, options=options),
            session, cores, settings.lanes, settings.threads, settings.max_batch,
        )  # fmt: skip
        for lane, batch in product(drive.sessions, drive.batches):
            try:
                prove(lane, batch)
            except Exception as error:
                raise StartError(
                    f"{settings.model} does not compute on provider “{session.provider}” what it did when it was "
                    f"made, in a batch of {batch}: {error}. Try another provider, or export the model anew."
                ) from error
        engine = cls(card, drive, settings, Lanes(drive.sessions, drive.largest_batch, prove), workers=cores)
        engine.warm()
        log.info("%s %s is ready after %.1f s", card.name, card.version, time.perf_counter() - began)
        return engine

    def warm(self) -> None:
        """Returns when photos can be decoded at once.

        Raises:
            StartError: what decodes cannot be started.
        """
        self.decoder.warm()

    def check(self, boxes: Sequence[RequestedBox] = ()) -> None:
        """Raises what a photo would meet at the door, so that nobody uploads one in vain.

        Raises:
            DeviceError, OverloadError: see there.
        """
        if self.lanes.fault:
            raise DeviceError(self.lanes.fault)
        self.admission.check(_places(boxes))

    async def inspect(self, data: bytes) -> Photo:
        """Reads a photo's header and hash.

        Raises:
            PhotoError: the bytes are no photo that is decoded here.
        """
        look = partial(self._look_at, data)
        if len(data) <= SMALL:
            return look()
        return await asyncio.get_running_loop().run_in_executor(self._pool, look)

    def _look_at(self, data: bytes) -> Photo:
        return Photo.inspect(data, self._limits, self.decoder)

    async def analyze(
        self,
        photo: Photo,
        encode: Callable[[Analysis], T],
        deadline: float = inf,
        boxes: Sequence[RequestedBox] = (),
    ) -> tuple[T, Timings]:
        """Takes a photo down the whole line; ``encode`` turns the analysis into the answer.

        The threads hand the photo on to one another; the event loop hears of it again when the answer is there. With
        ``boxes``, the model is shown the surroundings of each and not the whole photo. A photo that is cancelled, or
        whose ``deadline`` (on ``time.monotonic``'s clock) has passed, leaves whatever queue it stands in.

        Raises:
            PhotoError: the file is damaged, a box lies outside the photo, or the boxes are too much for one request.
            OverloadError, DeadlineError, InferenceError, DeviceError, ClosedError: see there.
        """
        began = time.perf_counter()
        key = (photo.digest, tuple(boxes)) if self._shares_runs else object()
        with (
            self.admission.enter(_places(boxes)),
            Deadline(deadline) as own,
            self._flights.join(key, own, partial(self._see, photo, boxes)) as seeing,
        ):

            def encode_seen(seen: Inference) -> Future[tuple[T, float]]:
                plan, analysis = seen.plan, seen.analysis(self.card, own)
                is_heavy = plan.answer_work > HEAVY
                return self._work(partial(encode, analysis), plan.answer_weight, own, is_heavy)

            answer, encoding = await asyncio.wrap_future(then(seeing, encode_seen))
        return answer, seeing.result().timings(encoding, time.perf_counter() - began)

    def analyze_here(self, data: bytes, encode: Callable[[Analysis], T]) -> T:
        """The same line for callers without an event loop; decodes and encodes in the calling thread."""
        forever = Deadline()
        seen = self._show_here(self._plan(self._look_at(data), ()), forever)
        closer = seen.closer() if self._looks_closer else None
        if closer:
            seen = self._show_here(closer, forever)
        with memory_watched():
            return encode(seen.analysis(self.card, forever))

    def _show_here(self, plan: Plan, deadline: Deadline) -> Inference:
        with memory_watched():
            images = plan.inputs(self.card.pad_color, deadline)
        predictions = [self.lanes.submit(partial(_same, image)).result() for image in images]
        return Inference.make(plan, predictions, decoding=0.0)

    def _plan(self, photo: Photo, boxes: Sequence[RequestedBox]) -> Plan:
        session = self.drive.sessions[0]
        planned = plan(photo, boxes, (session.input_height, session.input_width), self.card.fit)
        check_total_size([shown.box for shown in planned.shown], self._limits.max_pixels)
        return planned

    def _see(self, photo: Photo, boxes: Sequence[RequestedBox], deadline: Deadline) -> Future[Inference]:
        """Shows the model a photo, and the person in it closer where that pays."""
        seen = self._show(self._plan(photo, boxes), deadline)
        return then(seen, partial(self._look_closer, deadline)) if self._looks_closer and not boxes else seen

    def _look_closer(self, deadline: Deadline, seen: Inference) -> Future[Inference]:
        def look(found: tuple[Plan | None, float]) -> Future[Inference]:
            closer, _ = found
            if not closer:
                return ready(seen)
            return then(self._show(closer, deadline), lambda again: ready(again.after(seen)))

        return then(self._work(seen.closer, 0, deadline), look)

    def _show(self, plan: Plan, deadline: Deadline) -> Future[Inference]:
        """Decodes a photo and has the model run on what it is to be shown."""
        decode = partial(plan.inputs, self.card.pad_color, deadline)
        if self._lanes_do_all and len(plan.shown) == 1 and plan.weight <= HEAVY:
            return self._show_in_lane(plan, decode, deadline)

        def run(decoded: tuple[Sequence[Image], float]) -> Future[Inference]:
            images, decoding = decoded
            futures = [self.lanes.submit(partial(_same, image), deadline) for image in images]
            seen = together(futures, lambda predictions: Inference.make(plan, predictions, decoding))
            # What one view's failure leaves without use does not run.
            seen.add_done_callback(lambda seen: deadline.give_up() if seen.exception() else None)
            return seen

        return then(self._submit(decode, plan.weight, deadline, is_heavy=plan.weight > HEAVY), run)

    def _show_in_lane(self, plan: Plan, decode: Callable[[], list[Image]], deadline: Deadline) -> Future[Inference]:
        took: list[float] = []

        def load() -> Image:
            (image,), decoding = self._timed(decode, plan.weight, deadline)
            took.append(decoding)
            return image

        running = self.lanes.submit(load, deadline)
        return then(running, lambda prediction: ready(Inference.make(plan, [prediction], took[0])))

    def _work(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False
    ) -> Future[tuple[T, float]]:
        """Does work on so many pixels at a time that follows from other work: here if this is a lane that does all, and
        it is not heavy; otherwise in a pool. May raise what the work raises."""
        if self._lanes_do_all and not is_heavy and self.lanes.is_here:
            return ready(self._timed(work, pixels, deadline))
        return self._submit(work, pixels, deadline, is_heavy)

    def _submit(
        self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool
    ) -> Future[tuple[T, float]]:
        """Has a pool do work on so many pixels at a time.

        Raises:
            ClosedError: the pools are shut.
        """
        if self._is_closed:
            raise ClosedError("The service is shutting down.")
        pool = self._heavy_pool if is_heavy else self._pool
        return pool.submit(self._timed, work, pixels, deadline, is_heavy)

    def _timed(self, work: Callable[[], T], pixels: int, deadline: Deadline, is_heavy: bool = False) -> tuple[T, float]:
        """The result of work on so many pixels at a time, and the seconds it took."""
        deadline.check()
        turn = self._heavy_budget.hold(pixels) if is_heavy else nullcontext()
        with turn, self.budget.hold(pixels), memory_watched():
            deadline.check()
            began = time.perf_counter()
            return work(), time.perf_counter() - began

    def drain(self) -> None:
        """Says that the end is near: photos are still taken, but nobody should send more."""
        self.is_draining = True

    def close(self, patience: float | None = None) -> bool:
        """Answers what is queued, then stops all threads; says whether all have ended.

        With ``patience``, that many seconds are waited for threads that decode, encode or run the model. What waits for
        a thread of the pools is then given up, and only the process's end frees from what is still running.
        """
        until = None if patience is None else time.monotonic() + patience
        self.lanes.close(patience)
        self._is_closed = True
        if patience is not None:
            self.decoder.close()  # whoever still waits for it need not any more
        joined = [_shut_down(pool, gives_up=patience is not None) for pool in (self._pool, self._heavy_pool)]
        for thread in joined:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        self.decoder.close()
        return not self.lanes.are_running and not any(thread.is_alive() for thread in joined)


def _shut_down(pool: ThreadPoolExecutor, gives_up: bool) -> Thread:
    """Shuts a pool down; the thread that it gives ends with the pool's last one."""
    thread = Thread(target=partial(pool.shutdown, cancel_futures=gives_up), daemon=True)
    thread.start()
    return thread


@contextmanager
def memory_watched() -> Iterator[None]:
    """Says in the log and to the caller when there was too little memory for what is done within.

    Raises:
        OutOfMemoryError: there was.
    """
    try:
        yield
    except (MemoryError, cv2.error) as error:
        if not is_out_of_memory(error):
            raise
        log.error("too little memory for a photo; lower JPPNET_MAX_PIXELS_AT_WORK, or give the service more")
        raise OutOfMemoryError("The service has too little memory for this photo now. Try again in a moment.") from None


def _same(image: Image) -> Image:
    """What was decoded elsewhere."""
    return image


def _places(boxes: Sequence[RequestedBox]) -> int:
    """Runs of the model that a photo with these boxes needs."""
    return len(boxes) or 1
