"""Measure a person detector on Open Images photos and on photos of nobody."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.data.box_overlap import corners
from training.data.openimages_source import OpenImagesPeople
from training.data.sample import read_image
from training.evaluation.detection import Matches, asked_for, at_score, average_precision, match
from training.networks.detector.detect import Run, detect

SCORES = tuple(round(0.05 + 0.01 * step, 2) for step in range(85))
"""Scores that a threshold is chosen among."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found: each photo's matches, and each photo of nobody's surest score."""

    photos: Sequence[Matches]
    nobody: np.ndarray[tuple[int], np.dtype[np.float64]]

    def figures(self, score: float) -> dict[str, float]:
        """Figures with a threshold at ``score``; ``nobody`` is the share of photos of nobody with somebody."""
        return {
            "average_precision": average_precision(self.photos),
            **asdict(at_score(self.photos, score)),
            "nobody": float((self.nobody >= score).mean()),
        }

    def best_score(self, most_nobody: float) -> float:
        """The threshold where F1 is best among those that see somebody on at most ``most_nobody`` photos of nobody."""
        quiet = [score for score in SCORES if (self.nobody >= score).mean() <= most_nobody] or [SCORES[-1]]
        return max(quiet, key=lambda score: at_score(self.photos, score).f1)


def measure(run: Run, side: int, source: OpenImagesPeople, names: Sequence[str], nobody: Sequence[Path]) -> Measured:
    """Measure on Open Images photos as they are handed out, squeezed, and on photos of nobody."""
    photos = []
    for name in names:
        image = read_image(source.photo(name))
        truth = corners(source.squeezed_boxes(name))
        boxes, scores = detect(run, image, side)
        photos.append(match(boxes, scores, truth, asked_for(truth, *image.shape[:2])))
    surest = [detect(run, read_image(path), side)[1].max(initial=0.0) for path in nobody]
    return Measured(photos, np.array(surest, float))
