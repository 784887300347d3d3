"""The way of a photo through the engine, from the bytes of its file to the answer's. Read it from top to bottom:

1. inspect: read the file's header, check it against the limits, hash the file
2. admit: count the runs of the model that the photo needs; refuse it when too many are under way
3. plan: what of the photo the model is shown, as crops. A detector's boxes would come in here, between 1 and 3
4. decode, turn upright, crop and fit each crop to the model's input
5. queue, batch and run the model (:mod:`service.engine.scheduling.lanes`)
6. second pass: a person who is small in the photo is cropped, and 4 and 5 are repeated for that crop
7. encode: undo the fit, merge the crops, make the answer (:class:`service.engine.photo.analysis.Analysis`)

On a device of its own (a GPU) the model runs in a lane, and thread pools decode and encode for it. On a CPU a lane does
all of that for its photo, which then is not handed from thread to thread.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Final, TypeVar

from service.engine.decoding.decoders import Decoder
from service.engine.errors import DeviceError, SlowDecodingError
from service.engine.model.card import Card
from service.engine.model.session import Prediction
from service.engine.photo.analysis import Analysis
from service.engine.photo.boxes import RequestedBox, check_total_size
from service.engine.photo.inference import Inference
from service.engine.photo.photo import Photo, Plan, plan
from service.engine.photo.timings import Timings
from service.engine.scheduling.admission import Admission
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.futures import Steps, gather, run_steps, run_steps_here, wait
from service.engine.scheduling.lanes import Lanes
from service.engine.scheduling.single_flight import SingleFlight
from service.engine.scheduling.workers import CallingThread, Executor, Workers
from service.imaging.decode import Image
from service.imaging.inspect import Limits

T = TypeVar("T")

SMALL_FILE: Final = 128 * 1024
"""Bytes of a file that is inspected in the event loop: that takes less time than handing it to a thread."""
HEAVY_PIXELS: Final = 16_000_000
"""Pixels above which work is heavy: more than most photos of phones have."""


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What the settings say about the way of a photo."""

    limits: Limits
    share_runs: bool
    """Whether equal photos that are under way at the same time share one inference."""
    second_pass: bool
    lanes_decode: bool
    """Whether a lane decodes and encodes its photo, and not the pools."""


class Pipeline:
    """The steps of a photo, with the threads, queues and budgets that they use."""

    def __init__(
        self,
        card: Card,
        model_input: tuple[int, int],
        options: PipelineOptions,
        decoder: Decoder,
        admission: Admission,
        lanes: Lanes,
        workers: Workers,
    ) -> None:
        """``model_input`` is the height and width of the model's input, in pixels."""
        self._card = card
        self._model_input = model_input
        self._options = options
        self._decoder = decoder
        self._admission = admission
        self._lanes = lanes
        self._workers = workers
        self._single_flight: SingleFlight[Inference] = SingleFlight()

    def check(self, boxes: Sequence[RequestedBox] = ()) -> None:
        """Raises what a photo with these boxes would be refused with now, so that it need not be uploaded first.

        Raises:
            DeviceError, OverloadError: see there.
        """
        if self._lanes.fault:
            raise DeviceError(self._lanes.fault)
        self._admission.check(_runs(boxes))

    async def inspect(self, data: bytes) -> Photo:
        """Reads a file's header and hash.

        Raises:
            PhotoError: the bytes are no photo that is accepted here.
        """
        if len(data) <= SMALL_FILE:
            return self._inspect(data)
        return await asyncio.get_running_loop().run_in_executor(self._workers.pool, self._inspect, data)

    async def analyze(
        self,
        photo: Photo,
        encode: Callable[[Analysis], T],
        deadline: float = inf,
        boxes: Sequence[RequestedBox] = (),
    ) -> tuple[T, Timings]:
        """Runs the model on a photo, and gives what ``encode`` makes of the analysis and where the time went.

        The event loop stays free: the threads hand the photo on to one another. With ``boxes``, the model is shown a
        crop around each and not the whole photo. A photo that is cancelled, or whose ``deadline`` (on the clock of
        ``time.monotonic``) has passed, leaves the queue that it is in.

        Raises:
            PhotoError: the file is damaged, a box lies outside the photo, or the boxes are too much for one request.
            OverloadError, DeadlineError, InferenceError, DeviceError, ClosedError: see there.
        """
        began = time.perf_counter()
        key = (photo.digest, tuple(boxes)) if self._options.share_runs else object()

        def infer(latest: Deadline) -> Future[Inference]:
            lanes_decode = self._options.lanes_decode
            return run_steps(self._infer(photo, boxes, latest, self._workers, lanes_decode))

        with (
            self._admission.enter(_runs(boxes)),
            Deadline(deadline) as own,
            self._single_flight.join(key, own, infer) as inferring,
        ):
            answer, encoding = await asyncio.wrap_future(run_steps(self._encode(inferring, encode, own)))
        return answer, inferring.result().timings(encoding, time.perf_counter() - began)

    def analyze_here(self, data: bytes, encode: Callable[[Analysis], T]) -> T:
        """:meth:`analyze` for callers without an event loop; decodes and encodes in the calling thread."""
        never, here = Deadline(), CallingThread()
        inference = run_steps_here(self._infer(self._inspect(data), (), never, here, lanes_decode=False))
        encoded = here.submit(partial(encode, inference.analysis(self._card, never)), 0, never)
        return encoded.result()[0]

    def _inspect(self, data: bytes) -> Photo:
        return Photo.inspect(data, self._options.limits, self._decoder)

    def _infer(
        self,
        photo: Photo,
        boxes: Sequence[RequestedBox],
        deadline: Deadline,
        executor: Executor,
        lanes_decode: bool,
    ) -> Steps[Inference]:
        """What the model says of a photo: the steps from the plan to the second pass."""
        first_plan = self._plan(photo, boxes)
        first = yield from self._run_model(first_plan, deadline, executor, lanes_decode)
        if boxes or not self._options.second_pass:
            return first
        closer_plan, _ = yield from wait(executor.follow(first.plan_second_pass, 0, deadline))
        if closer_plan is None:
            return first
        second = yield from self._run_model(closer_plan, deadline, executor, lanes_decode)
        return second.with_time_of(first)

    def _plan(self, photo: Photo, boxes: Sequence[RequestedBox]) -> Plan:
        planned = plan(photo, boxes, self._model_input, self._card.fit)
        check_total_size([crop.box for crop in planned.crops], self._options.limits.max_pixels)
        return planned

    def _run_model(self, plan: Plan, deadline: Deadline, executor: Executor, lanes_decode: bool) -> Steps[Inference]:
        """Decodes a photo, makes the model's inputs of its crops and runs the model on each.

        How long a file takes to decode cannot be told beforehand: one that takes too long is begun anew as heavy work.
        """
        if plan.decoding_work <= HEAVY_PIXELS:
            with suppress(SlowDecodingError):
                return (yield from self._decode_and_run(plan, deadline, executor, lanes_decode, is_heavy=False))
        return (yield from self._decode_and_run(plan, deadline, executor, lanes_decode, is_heavy=True))

    def _decode_and_run(
        self, plan: Plan, deadline: Deadline, executor: Executor, lanes_decode: bool, is_heavy: bool
    ) -> Steps[Inference]:
        decode = partial(plan.decode_inputs, self._card.pad_color, deadline, is_brief=not is_heavy)
        if lanes_decode and len(plan.crops) == 1 and not is_heavy:
            return (yield from self._decode_in_lane(plan, decode, deadline))
        inputs, decoding = yield from wait(executor.submit(decode, plan.weight, deadline, is_heavy))
        try:
            predictions = yield from wait(gather([self._queue(image, deadline) for image in inputs]))
        except Exception:
            deadline.cancel()  # the other crops of the photo need not run
            raise
        return Inference.of(plan, predictions, decoding)

    def _decode_in_lane(self, plan: Plan, decode: Callable[[], list[Image]], deadline: Deadline) -> Steps[Inference]:
        decoding: list[float] = []

        def load() -> Image:
            (image,), seconds = self._workers.run(decode, plan.weight, deadline)
            decoding.append(seconds)
            return image

        prediction = yield from wait(self._lanes.submit(load, deadline))
        return Inference.of(plan, [prediction], decoding[0])

    def _queue(self, image: Image, deadline: Deadline) -> Future[Prediction]:
        return self._lanes.submit(lambda: image, deadline)

    def _encode(
        self, inferring: Future[Inference], encode: Callable[[Analysis], T], deadline: Deadline
    ) -> Steps[tuple[T, float]]:
        """The answer, once the inference is there, and the seconds that encoding it took."""
        inference = yield from wait(inferring)
        plan = inference.plan

        def encoding(is_heavy: bool) -> Future[tuple[T, float]]:
            work = partial(encode, inference.analysis(self._card, deadline, is_brief=not is_heavy))
            return self._workers.follow(work, plan.answer_weight, deadline, is_heavy)

        if plan.answer_work <= HEAVY_PIXELS:
            with suppress(SlowDecodingError):
                return (yield from wait(encoding(is_heavy=False)))
        return (yield from wait(encoding(is_heavy=True)))


def _runs(boxes: Sequence[RequestedBox]) -> int:
    """Runs of the model that a photo with these boxes needs."""
    return len(boxes) or 1
