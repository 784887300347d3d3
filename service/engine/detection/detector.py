"""The person detector: how a photo is fitted to it, and who its candidates are."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from service.engine.detection.card import DetectorCard
from service.engine.detection.input_size import input_size
from service.engine.detection.session import Candidates, DetectorSession
from service.engine.detection.suppression import suppress
from service.engine.errors import StartError
from service.engine.scheduling.lanes import Lanes
from service.imaging.box import Box
from service.imaging.decode import Image
from service.imaging.fit import Fit, plan_fit
from service.settings import DeviceProvider

log = logging.getLogger(__name__)

PROVIDERS: Final[dict[DeviceProvider, DeviceProvider]] = {
    # what runs the model → what runs the detector
    "cpu": "cpu",
    "openvino": "cpu",
    "cuda": "cuda",
    "tensorrt": "cuda",  # it would build an engine for each of the detector's many input sizes
}
LARGEST_BATCH: Final = 16
"""Photos that run together on a device of its own."""

FIRST_SIDE: Final = 128
"""Side of the first, smaller input on a CPU, which takes a quarter of the time of 224 or less (docs/detector.md, "Two
runs", has the figures of these three constants)."""
WORTHWHILE: Final = 1.5
"""How many times that side the card's must be for two runs: what a second run adds must be much less than one saves."""
FILLED: Final = 0.35
"""Share of the photo that the only person of the first run must cover to be the answer."""
SURE: Final = 0.96
"""Score that this person must have. In the small input garments look like people, but seldom so surely. Of a calibrated
detector it is what the network's own 0.6 gives to somebody who covers that share."""


class Detection(NamedTuple):
    """A person whom the detector found: the box in pixels of the upright photo, and how sure that is, 0–1."""

    box: Box
    score: float


class Detected(NamedTuple):
    """The people of a photo, the largest box first, and the seconds that the detector ran."""

    people: list[Detection]
    run_seconds: float


class PersonDetector:
    """A detector that is open, proven and warm.

    On a CPU, :meth:`detect` is called by whichever thread has decoded the photo. On a device of its own a lane runs it,
    once for each photo, with the photos that are queued.
    """

    def __init__(self, session: DetectorSession, lanes: Lanes[Candidates] | None = None) -> None:
        """``lanes`` run it on a device; without any it runs in the calling thread."""
        self.session = session
        self.lanes = lanes

    @classmethod
    def start(cls, file: Path, provider: DeviceProvider) -> Self:
        """Opens a detector's file for a service whose model runs on that provider, and proves it.

        Raises:
            StartError: the file or the provider cannot be used; the message says why.
        """
        session = DetectorSession(file, PROVIDERS[provider])
        has_device = PROVIDERS[provider] != "cpu"
        try:
            for batch in (1, LARGEST_BATCH) if has_device else (1,):
                session.check(batch)
        except Exception as error:
            raise StartError(
                f"{file} does not compute on provider “{PROVIDERS[provider]}” what it did when it was made: {error}. "
                "Try another provider, or export the detector anew."
            ) from error
        lanes = Lanes([session], LARGEST_BATCH, DetectorSession.check, "detector") if has_device else None
        log.info("people are detected by %s %s", session.card.name, session.card.version)
        return cls(session, lanes)

    @property
    def card(self) -> DetectorCard:
        """What its file says of it."""
        return self.session.card

    @property
    def fault(self) -> str | None:
        """Why its device cannot be used any more; None while it works."""
        return self.lanes.fault if self.lanes else None

    @property
    def waiting(self) -> int:
        """Photos in its lane's queue."""
        return self.lanes.waiting if self.lanes else 0

    def detect(self, width: int, height: int, load: Callable[[Fit], Image]) -> Detected:
        """The people of a photo of that size; ``load`` gives it, laid into the detector's input with a fit.

        The first of :meth:`fits` may be a smaller input. Where exactly one person is found there, who covers
        :data:`FILLED` of the photo and is :data:`SURE`, that is the answer; all others come from a second run, on the
        input itself.

        Raises:
            InferenceError: the detector failed; and what ``load`` raises.
        """
        seconds = 0.0
        *smaller, last = self.fits(width, height)
        for fit in smaller:
            candidates = self.session.detect(load(fit))
            seconds, people = seconds + candidates.run_seconds, self.find(candidates, fit)
            if len(people) == 1 and _surely_fills(people[0], fit):
                return Detected(people, seconds)
        candidates = self.session.detect(load(last))
        return Detected(self.find(candidates, last), seconds + candidates.run_seconds)

    def fits(self, width: int, height: int) -> list[Fit]:
        """How a photo of that size is laid into the inputs that it may be looked at in, in turn: the last is the
        largest."""
        has_first = self.lanes is None and self.card.side >= WORTHWHILE * FIRST_SIDE
        sides = (FIRST_SIDE, self.card.side) if has_first else (self.card.side,)
        sizes = [input_size(height, width, side, self.card.multiple) for side in sides]
        return [plan_fit((height, width), size, "letterbox") for size in sizes]

    def find(self, candidates: Candidates, fit: Fit) -> list[Detection]:
        """The people among candidates: doubles suppressed, in pixels of the photo, the largest box first."""
        card = self.card
        kept = suppress(candidates.boxes, candidates.scores, card.score, card.most_overlap)
        corners = to_photo(candidates.boxes[kept], fit)
        people = [
            Detection(_whole_pixels(box, fit), float(score))
            for box, score in zip(corners.tolist(), candidates.scores[kept], strict=True)
        ]
        return sorted(people, key=lambda person: -person.box.width * person.box.height)

    def close(self, timeout: float | None = None) -> None:
        """Ends its lane, if it has one; see :meth:`Lanes.close`."""
        if self.lanes:
            self.lanes.close(timeout)


def _surely_fills(person: Detection, fit: Fit) -> bool:
    area = person.box.width * person.box.height
    return person.score >= SURE and area >= FILLED * fit.photo_width * fit.photo_height


def to_photo(boxes: npt.NDArray[np.float32], fit: Fit) -> npt.NDArray[np.float64]:
    """Boxes (K, 4) in input pixels → in the photo's, clipped to it. Sides are edges of pixels, not their centres."""
    offset, scale = np.array([fit.left, fit.top] * 2), np.array([fit.scale_x, fit.scale_y] * 2)
    return np.asarray(((boxes - offset) / scale).clip(0, [fit.photo_width, fit.photo_height] * 2), np.float64)


def _whole_pixels(corners: Sequence[float], fit: Fit) -> Box:
    """The box of whole pixels nearest to a box's edges, of one pixel at least."""
    left, top = min(round(corners[0]), fit.photo_width - 1), min(round(corners[1]), fit.photo_height - 1)
    return Box(left, top, max(1, round(corners[2]) - left), max(1, round(corners[3]) - top))
