"""A session that tests hold back, break and watch, so that what happens under load is exact, not a matter of luck."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from service.engine.detection.detector import PersonDetector
from service.engine.engine import Engine
from service.engine.model.card import read_card
from service.engine.model.golden import golden_check
from service.engine.model.session import Prediction, Session
from service.engine.model.tuning import TunedSessions
from service.engine.scheduling.lanes import Lanes
from service.settings import Settings

Image = npt.NDArray[np.uint8]


class GatedSession(Session):
    """The toy model; runs wait while the gate is shut, and fail on ``poison`` or once the device ``is_broken``."""

    threads: ClassVar[int] = 1
    """What its engine is told: with one, lanes decode and encode as well; else they leave that to the pool."""

    def __init__(self, model: Path) -> None:
        super().__init__(model, "cpu", 1)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.batches: list[int] = []
        self.poison: Image | None = None
        self.is_broken = False

    def run(self, images: Sequence[Image]) -> list[Prediction]:
        """Runs the toy model once the gate is open."""
        self.entered.release()
        assert self.gate.wait(20)
        self.batches.append(len(images))
        if self.is_broken or any(self.poison is not None and np.array_equal(image, self.poison) for image in images):
            raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")
        return super().run(images)

    def wait_until_entered(self) -> None:
        """Returns when a run has begun that was not waited for yet."""
        assert self.entered.acquire(timeout=20)


def gated_engine(
    session: GatedSession, settings: Settings, largest_batch: int = 1, detector: PersonDetector | None = None
) -> Engine:
    """An engine of one lane that runs a gated session."""
    card = read_card(session.metadata, "toy")
    tuned = TunedSessions((session,), session.threads, largest_batch=largest_batch, photos_per_second=10.0)
    lanes = Lanes(tuned.sessions, largest_batch, golden_check(card))
    return Engine(card, tuned, settings, lanes, workers=2, detector=detector)
