"""The person detector: how a photo is fitted to it, and who its candidates are."""

import logging
from collections.abc import Sequence
from dataclasses import replace
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
from service.imaging.fit import Fit, fit_photo, plan_fit
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

FIRST_SIDE: Final = 160
"""Side of the first, smaller input on a CPU, which takes half the time of 224 or less. Boxes' F1 on 321 Open Images
photos: 0.695, with 224 alone 0.689; 128 sees somebody on 9 % of garments and not 3 % (docs/detector.md, "Two runs")."""
FILLED: Final = 0.35
"""Share of the photo that the only person of the first run must cover to be the answer. With 0.4 F1 is the same, but
one run is enough on 55 % and not 72 % of street photos; with 0.3 somebody is seen on 4 garments of 111 and not on 3
(ibid.)."""


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

    def detect(self, image: Image, fit: Fit) -> Detected:
        """The people of a photo that is laid into the detector's input with this fit (see :meth:`fit`).

        It runs on a smaller copy first. Where exactly one person is found there, who covers :data:`FILLED` of the
        photo, that is the answer; all others come from a second run, on the input itself.

        Raises:
            InferenceError: the detector failed.
        """
        seconds = 0.0
        if self.card.side > FIRST_SIDE:
            smaller = self._fit(fit.photo_width, fit.photo_height, FIRST_SIDE)
            candidates = self.session.detect(_shrunk(image, fit, smaller, self.card.pad_color))
            seconds, people = candidates.run_seconds, self.find(candidates, smaller)
            if len(people) == 1 and _fills(people[0].box, fit):
                return Detected(people, seconds)
        candidates = self.session.detect(image)
        return Detected(self.find(candidates, fit), seconds + candidates.run_seconds)

    def fit(self, width: int, height: int) -> Fit:
        """How a photo of that size is laid into the detector's input."""
        return self._fit(width, height, self.card.side)

    def _fit(self, width: int, height: int, side: int) -> Fit:
        return plan_fit((height, width), input_size(height, width, side, self.card.multiple), "letterbox")

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


def _fills(box: Box, fit: Fit) -> bool:
    return box.width * box.height >= FILLED * fit.photo_width * fit.photo_height


def _shrunk(image: Image, fit: Fit, smaller: Fit, pad_color: tuple[int, int, int]) -> Image:
    """A photo's smaller input, from its larger one: that takes a quarter of the time of one from the photo itself."""
    photo = image[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
    return fit_photo(photo, replace(smaller, photo_width=fit.width, photo_height=fit.height), pad_color)


def to_photo(boxes: npt.NDArray[np.float32], fit: Fit) -> npt.NDArray[np.float64]:
    """Boxes (K, 4) in input pixels → in the photo's, clipped to it. Sides are edges of pixels, not their centres."""
    offset, scale = np.array([fit.left, fit.top] * 2), np.array([fit.scale_x, fit.scale_y] * 2)
    return np.asarray(((boxes - offset) / scale).clip(0, [fit.photo_width, fit.photo_height] * 2), np.float64)


def _whole_pixels(corners: Sequence[float], fit: Fit) -> Box:
    """The box of whole pixels nearest to a box's edges, of one pixel at least."""
    left, top = min(round(corners[0]), fit.photo_width - 1), min(round(corners[1]), fit.photo_height - 1)
    return Box(left, top, max(1, round(corners[2]) - left), max(1, round(corners[3]) - top))
