"""A session that runs a detector's file, and the proof that it computes what it did when it was exported."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from service.engine.detection.card import DetectorCard, read_detector_card
from service.engine.detection.suppression import Boxes, Scores, overlaps
from service.engine.errors import InferenceError, StartError
from service.engine.model.golden import GoldenError
from service.engine.model.opened_file import OpenedFile
from service.engine.model.session import GpuOptions, bucket, open_runtime, suited_file
from service.imaging.decode import Image
from service.settings import DeviceProvider

log = logging.getLogger(__name__)

OUTPUTS: Final = {"boxes": "tensor(float)", "scores": "tensor(float)"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """The detector's answer for one fitted photo: boxes (K, 4) in input pixels and scores (K,)."""

    boxes: Boxes
    scores: Scores
    run_seconds: float


class DetectorSession:
    """A detector on one provider. On a CPU, several threads may run it at once."""

    def __init__(self, file: Path, provider: DeviceProvider) -> None:
        """Opens a detector's file, with one thread within a run on a CPU.

        Raises:
            StartError: the file or the provider is missing, or the file is no detector.
        """
        if not file.is_file():
            raise StartError(
                f"There is no detector file at {file}. Name one with JPPNET_DETECTOR, or leave that empty to look for "
                "one person in a photo."
            )
        self.file = OpenedFile.of(suited_file(file, provider))
        """The file that is run, of those that differ from the given one in their precision alone."""
        self._session = open_runtime(self.file.path, provider, 1, GpuOptions(sizes_vary=True))
        self.card: DetectorCard = read_detector_card(self._session.get_modelmeta().custom_metadata_map, str(file))
        _check_tensors(self._session, file)

    def run(self, images: Sequence[Image]) -> list[Candidates]:
        """The candidates of fitted photos (H, W, 3), in their order; those of one size run together."""
        by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            by_size[image.shape].append(index)
        found: dict[int, Candidates] = {}
        for indices in by_size.values():
            found |= zip(indices, self._run_batch([images[index] for index in indices]), strict=True)
        return [found[index] for index in range(len(images))]

    def detect(self, image: Image) -> Candidates:
        """The candidates of one fitted photo (H, W, 3).

        Raises:
            InferenceError: the detector failed.
        """
        try:
            return self._run_batch([image])[0]
        except Exception as error:
            log.error("the detector failed on one photo: %s", error)
            raise InferenceError("The model failed on this photo.") from error

    def check(self, batch: int = 1) -> None:
        """Raises :class:`GoldenError` (or what the session raises) unless the golden people come back."""
        for answer in self.run([self.card.golden.decoded_image()] * batch):
            compare(answer, self.card)

    def _run_batch(self, images: Sequence[Image]) -> list[Candidates]:
        """Candidates of photos of one size; the batch is padded to the next bucket, so that there are few shapes."""
        began = time.perf_counter()
        batch = np.zeros((bucket(len(images)), *images[0].shape), np.uint8)
        np.stack(images, out=batch[: len(images)])
        boxes, scores = self._session.run(list(OUTPUTS), {"image": batch})
        seconds = time.perf_counter() - began
        return [Candidates(boxes[index], scores[index], seconds) for index in range(len(images))]


def compare(answer: Candidates, card: DetectorCard) -> None:
    """Raises :class:`GoldenError` unless for each golden box the one most like it is close enough, and as sure."""
    golden = card.golden
    for box, score in zip(golden.box_array(), golden.scores, strict=True):
        alike = overlaps(box, answer.boxes) * (answer.scores > 0)
        nearest = int(alike.argmax())
        if not alike[nearest] >= golden.min_overlap:
            raise GoldenError(
                f"a person's box overlaps the golden one by {alike[nearest]:.2f}, {golden.min_overlap} must"
            )
        if not abs(answer.scores[nearest] - score) <= golden.max_score_difference:
            raise GoldenError(
                f"a person's score is {answer.scores[nearest]:.2f} and not {score:.2f}; "
                f"{golden.max_score_difference} are allowed"
            )


def _check_tensors(session: Any, file: Path) -> None:
    inputs = {tensor.name: (tensor.type, len(tensor.shape)) for tensor in session.get_inputs()}
    outputs = {tensor.name: tensor.type for tensor in session.get_outputs()}
    if inputs != {"image": ("tensor(uint8)", 4)} or {name: outputs.get(name) for name in OUTPUTS} != OUTPUTS:
        raise StartError(
            f"{file} is no detector: it must take uint8 “image” (N, H, W, 3), and give float “boxes” and “scores”."
        )
