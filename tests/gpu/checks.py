"""What `make test-gpu` measures, as functions that run on any provider."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from service.engine.decoding.decoders import ThreadDecoder
from service.engine.model.card import Card
from service.engine.model.session import Prediction
from service.engine.photo.photo import Photo, plan
from service.engine.scheduling.deadline import Deadline
from service.imaging.inspect import MAX_SCAN_BLOCKS, Limits

Image = npt.NDArray[np.uint8]
SEEN = 0.3
"""Score from which joints are compared: below it their place is noise."""
SMALLEST_BLOCK = 1 << 20
"""Bytes below which memory counts as full."""


class Runs(Protocol):
    """A session."""

    def run(self, images: Sequence[Image], /) -> Sequence[Prediction]: ...


@dataclass(frozen=True)
class Agreement:
    """How near two sessions' answers to the same pictures are."""

    labels: float
    """Least share of pixels with the same label, of all pictures."""
    joints: float
    """Largest distance of a joint, in input pixels."""


def agreement(one: Runs, other: Runs, images: Sequence[Image]) -> Agreement:
    """Runs both sessions on each picture."""
    shares, distances = [], [0.0]
    for image in images:
        (a,), (b,) = one.run([image]), other.run([image])
        shares.append(float(np.mean(a.labels == b.labels)))
        seen = a.keypoints[:, 2] >= SEEN
        distances += np.linalg.norm(a.keypoints[seen, :2] - b.keypoints[seen, :2], axis=1).tolist()
    return Agreement(min(shares), max(distances))


def batch_agreement(session: Runs, image: Image, batch: int) -> Agreement:
    """How near the rows of a batch of the same picture are to the answer for it alone.

    Another batch runs in between: what a buffer or a captured graph keeps from one run must not show in the next.
    """
    (alone,) = session.run([image])
    session.run([255 - image] * batch)
    rows = session.run([image] * batch)
    shares = [float(np.mean(row.labels == alone.labels)) for row in rows]
    distances = [float(np.abs(row.keypoints - alone.keypoints)[..., :2].max(initial=0.0)) for row in rows]
    return Agreement(min(shares), max(distances))


def model_inputs(photos: Sequence[Path], card: Card, size: tuple[int, int]) -> list[Image]:
    """Photos as the model is shown them, in its input's (height, width)."""
    inputs = []
    for file in photos:
        photo = Photo.inspect(file.read_bytes(), Limits(64_000_000, MAX_SCAN_BLOCKS), ThreadDecoder())
        inputs += plan(photo, (), size, card.fit).decode_inputs(card.pad_color, Deadline())
    return inputs


def fill_memory(allocate: Callable[[int], Any], block: int = 1 << 30) -> Iterator[Any]:
    """Allocates until not even the smallest block is free, by halves; gives what must be kept for it to stay full."""
    while block >= SMALLEST_BLOCK:
        try:
            yield allocate(block)
        except Exception:  # whatever the runtime calls it
            block //= 2


def report(device: str, figures: Mapping[str, str]) -> str:
    """The page docs/gpu.md: what was measured, and on what."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in figures.items())
    return (
        "# On a GPU\n\nMade by `make test-gpu`: the GPU's providers beside the CPU, and a device that breaks.\n\n"
        f"Measured on: {device}.\n\n| what | result |\n| --- | --- |\n{rows}\n"
    )
