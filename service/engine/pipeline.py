"""The way of a photo through the engine, from the bytes of its file to the answer's. Read it from top to bottom:

1. inspect: read the file's header, check it against the limits, hash the file
2. admit: count the runs of the model that the photo needs; refuse it when too many are under way
3. plan: what of the photo the model is shown, as crops: the whole photo, or a crop for each box of the request
4. decode, turn upright, crop and fit each crop to the model's input
5. queue, batch and run the model (:mod:`service.engine.scheduling.lanes`)
6. second pass: a person who is small in the photo is cropped, and 4 and 5 are repeated for that crop
7. encode: undo the fit, merge the crops, make the answer (:class:`service.engine.photo.analysis.Analysis`)

Where everybody is wanted and there is a detector, that says what the crops are. Step 4 then makes the detector's input,
too; the detector runs; and

- nobody is found: the model does not run
- one person fills the photo: for that person the whole photo goes on to 5
- the others: the runs are counted anew, one for each person, and 4 and 5 are done for a crop of each; there is no 6

On a device of its own (a GPU) the model runs in a lane, and thread pools decode and encode for it. On a CPU a lane does
all of that for its photo, which then is not handed from thread to thread.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Final, TypeVar

from service.engine.decoding.decoders import Decoder
from service.engine.detection.detector import Detected, Detection, PersonDetector
from service.engine.errors import DeviceError, SlowDecodingError
from service.engine.model.card import Card
from service.engine.model.session import Prediction
from service.engine.photo.analysis import Analysis
from service.engine.photo.boxes import RequestedBox, check_total_size
from service.engine.photo.detection_inputs import DetectionInputs
from service.engine.photo.inference import Inference
from service.engine.photo.people import PeopleOption, choose_people, person_who_fills, plan_people
from service.engine.photo.photo import Photo, Plan, plan, plan_detection
from service.engine.photo.timings import PhotoStats
from service.engine.scheduling.admission import Admission
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.futures import Steps, gather, run_steps, run_steps_here, wait
from service.engine.scheduling.lanes import Lanes, NotNeededError
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
    max_people: int
    """People of a photo that are answered at most."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How the steps of one photo are executed."""

    deadline: Deadline
    executor: Executor
    lanes_decode: bool
    enter_more: Callable[[int], AbstractContextManager[None]]
    """Holds so many more slots of admission within the block, beside the one that the photo has."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What the detector found in a photo."""

    detections: Sequence[Detection]
    filling: Detection | None
    """Who of them is the only one to fill the photo, so that the model is shown the whole of it."""
    decoding: float
    """Seconds of decoding."""
    detecting: float
    """Seconds of the detector's runs."""


class Pipeline:
    """The steps of a photo, with the threads, queues and budgets that they use."""

    def __init__(
        self,
        card: Card,
        model_input: tuple[int, int],
        options: PipelineOptions,
        decoder: Decoder,
        admission: Admission,
        lanes: Lanes[Prediction],
        workers: Workers,
        detector: PersonDetector | None,
    ) -> None:
        """``model_input`` is the height and width of the model's input, in pixels."""
        self._card = card
        self._model_input = model_input
        self._options = options
        self._decoder = decoder
        self._admission = admission
        self._lanes = lanes
        self._workers = workers
        self._detector = detector
        self._single_flight: SingleFlight[Inference] = SingleFlight()

    @property
    def fault(self) -> str | None:
        """Why a device cannot be used any more; None while all work."""
        return self._lanes.fault or (self._detector.fault if self._detector else None)

    def check(self, boxes: Sequence[RequestedBox] = ()) -> None:
        """Raises what a photo with these boxes would be refused with now, so that it need not be uploaded first.

        Raises:
            DeviceError, OverloadError: see there.
        """
        if self.fault:
            raise DeviceError(self.fault)
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
        people: PeopleOption = "auto",
    ) -> tuple[T, PhotoStats]:
        """Runs the model on a photo, and gives what ``encode`` makes of the analysis and what that took.

        The event loop stays free: the threads hand the photo on to one another. With ``boxes``, the model is shown a
        crop around each, and ``people`` says nothing. A photo that is cancelled, or whose ``deadline`` (on the clock of
        ``time.monotonic``) has passed, leaves the queue that it is in.

        Raises:
            PhotoError: the file is damaged, a box lies outside the photo, or the boxes are too much for one request.
            OverloadError: too many photos are under way; or too many for all the people of this one.
            DeadlineError, InferenceError, DeviceError, ClosedError: see there.
        """
        began = time.perf_counter()
        most = 0 if boxes else self._most(people)
        key = (photo.digest, tuple(boxes), most) if self._options.share_runs else object()

        def infer(latest: Deadline) -> Future[Inference]:
            enter_more = partial(self._admission.enter, held=1)
            execution = Execution(latest, self._workers, self._options.lanes_decode, enter_more)
            return run_steps(self._infer(photo, boxes, most, execution))

        with (
            self._admission.enter(_runs(boxes)),
            Deadline(deadline) as own,
            self._single_flight.join(key, own, infer) as inferring,
        ):
            answer, encoding = await asyncio.wrap_future(run_steps(self._encode(inferring, encode, own)))
        return answer, inferring.result().stats(encoding, time.perf_counter() - began)

    def analyze_here(
        self,
        data: bytes,
        encode: Callable[[Analysis], T],
        people: PeopleOption = "auto",
        boxes: Sequence[RequestedBox] = (),
    ) -> T:
        """:meth:`analyze` for callers without an event loop; decodes and encodes in the calling thread."""
        never, here = Deadline(), CallingThread()
        execution = Execution(never, here, lanes_decode=False, enter_more=lambda _: nullcontext())
        most = 0 if boxes else self._most(people)
        inference = run_steps_here(self._infer(self._inspect(data), boxes, most, execution))
        encoded = here.submit(partial(encode, inference.analysis(self._card, never)), 0, never)
        return encoded.result()[0]

    def _inspect(self, data: bytes) -> Photo:
        return Photo.inspect(data, self._options.limits, self._decoder)

    def _most(self, people: PeopleOption) -> int:
        """How many people the detector is to find at most; 0 if it is not asked."""
        if self._detector is None or people == "one":
            return 0
        return self._options.max_people if people == "auto" else min(people, self._options.max_people)

    def _infer(self, photo: Photo, boxes: Sequence[RequestedBox], most: int, execution: Execution) -> Steps[Inference]:
        """What the model says of a photo: the steps from the plan to the second pass."""
        if self._detector and most:
            return (yield from self._infer_people(self._detector, photo, most, execution))
        first_plan = self._plan(photo, boxes)
        first = yield from self._run_model(first_plan, execution)
        if boxes or not self._options.second_pass:
            return first
        closer_plan, _ = yield from wait(execution.executor.follow(first.plan_second_pass, 0, execution.deadline))
        if closer_plan is None:
            return first
        second = yield from self._run_model(closer_plan, execution)
        return second.after(first)

    def _plan(self, photo: Photo, boxes: Sequence[RequestedBox]) -> Plan:
        planned = plan(photo, boxes, self._model_input, self._card.fit)
        check_total_size([crop.box for crop in planned.crops], self._options.limits.max_pixels)
        return planned

    def _infer_people(
        self, detector: PersonDetector, photo: Photo, most: int, execution: Execution
    ) -> Steps[Inference]:
        """What the model says of the people whom the detector finds, ``most`` of them at most."""
        whole = self._plan(photo, ())
        glance, of_whole = yield from self._brief_or_heavy(
            plan_detection(whole, detector.fits(*photo.header.upright_size)[-1]),
            lambda is_heavy: self._detect(detector, whole, most, execution, is_heavy),
        )
        filling = [person for person in (glance.filling,) if person]
        others = [person for person in glance.detections if person not in filling]
        seen = Inference.of(replace(whole, crops=whole.crops[: len(filling)]), of_whole, 0.0)
        if others:
            others, crops = plan_people(others, whole, self._card.fit, self._options.limits.max_pixels)
            more = len(filling) + len(others) - 1
            with execution.enter_more(more) if more else nullcontext():
                seen = (yield from self._run_model(crops, execution)).beside(seen)
        return seen.of_people(glance.detections, filling + others, glance.decoding, glance.detecting)

    def _detect(
        self, detector: PersonDetector, whole: Plan, most: int, execution: Execution, is_heavy: bool
    ) -> Steps[tuple[Glance, list[Prediction]]]:
        """Decodes a photo and finds its people. Where one fills the photo, the model runs on the whole of it, too."""
        deadline = execution.deadline
        large = detector.fits(whole.width, whole.height)[-1]
        for_both = plan_detection(whole, large)
        pad_colors = detector.card.pad_color, self._card.pad_color
        inputs = DetectionInputs(whole, for_both, large, pad_colors, deadline, is_brief=not is_heavy)

        def glance_of(detected: Detected, decoding: float) -> Glance:
            found = choose_people(detected.people, most, whole.width, whole.height)
            return Glance(found, person_who_fills(found, whole), decoding, detected.run_seconds)

        def decode_and_detect() -> tuple[Detected, Image]:
            return detector.detect(whole.width, whole.height, inputs.of_detector), inputs.of_model()

        if execution.lanes_decode and not is_heavy:
            return (yield from self._detect_in_lane(decode_and_detect, glance_of, for_both, deadline))
        if detector.lanes is None:
            (detected, image), seconds = yield from wait(
                execution.executor.submit(decode_and_detect, for_both.weight, deadline, is_heavy)
            )
            glance = glance_of(detected, seconds - detected.run_seconds)
        else:
            first, decoding = yield from wait(
                execution.executor.submit(partial(inputs.of_detector, large), for_both.weight, deadline, is_heavy)
            )
            candidates = yield from wait(detector.lanes.submit(lambda: first, deadline))
            glance = glance_of(Detected(detector.find(candidates, large), candidates.run_seconds), decoding)
            image = inputs.of_model()
        if not glance.filling:
            return glance, []
        return glance, [(yield from wait(self._queue(image, deadline)))]

    def _detect_in_lane(
        self,
        decode_and_detect: Callable[[], tuple[Detected, Image]],
        glance_of: Callable[[Detected, float], Glance],
        plan: Plan,
        deadline: Deadline,
    ) -> Steps[tuple[Glance, list[Prediction]]]:
        """:meth:`_detect` in the lane whose turn it is: the model runs there at once, or not at all."""
        glances: list[Glance] = []

        def load() -> Image:
            (detected, image), seconds = self._workers.run(decode_and_detect, plan.weight, deadline)
            glances.append(glance_of(detected, seconds - detected.run_seconds))
            if not glances[0].filling:
                raise NotNeededError
            return image

        try:
            prediction = yield from wait(self._lanes.submit(load, deadline))
        except NotNeededError:
            return glances[0], []
        return glances[0], [prediction]

    def _run_model(self, plan: Plan, execution: Execution) -> Steps[Inference]:
        """Decodes a photo, makes the model's inputs of its crops and runs the model on each."""
        return self._brief_or_heavy(plan, lambda is_heavy: self._decode_and_run(plan, execution, is_heavy))

    def _brief_or_heavy(self, plan: Plan, steps: Callable[[bool], Steps[T]]) -> Steps[T]:
        """Steps that decode for a plan; they are told whether that is heavy work.

        How long a file takes to decode cannot be told beforehand: one that takes too long is begun anew as heavy work.
        """
        if plan.decoding_work <= HEAVY_PIXELS:
            with suppress(SlowDecodingError):
                return (yield from steps(False))
        return (yield from steps(True))

    def _decode_and_run(self, plan: Plan, execution: Execution, is_heavy: bool) -> Steps[Inference]:
        deadline = execution.deadline
        decode = partial(plan.decode_inputs, self._card.pad_color, deadline, is_brief=not is_heavy)
        if execution.lanes_decode and len(plan.crops) == 1 and not is_heavy:
            return (yield from self._decode_in_lane(plan, decode, deadline))
        inputs, decoding = yield from wait(execution.executor.follow(decode, plan.weight, deadline, is_heavy))
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
