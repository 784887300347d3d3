"""People in a photo, by a detector's graph: fit, run, candidates, suppression, back to the photo."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from training.data.box_overlap import Boxes, Scores
from training.data.fit import Fit, fit_photo
from training.data.sample import FloatArray, UInt8Array
from training.networks.detector.decode import candidates, suppress
from training.networks.detector.input_size import input_size

Run = Callable[[UInt8Array], tuple[Boxes, Scores]]
"""uint8 (H, W, 3), RGB → candidates: boxes (K, 4) in its pixels, and their scores (K,)."""

MOST_OVERLAP = 0.6
"""Boxes that overlap a surer one more than this are its doubles."""

LEAST_SCORE = 0.03
"""Candidates below this are nobody."""


def detect(run: Run, image: UInt8Array, side: int) -> tuple[Boxes, Scores]:
    """People in a photo (H, W, 3): boxes (N, 4), left, top, right, bottom in its pixels, and scores, best first."""
    height, width = image.shape[:2]
    fitted, fit = fit_photo(image, *input_size(height, width, side), "letterbox")
    boxes, scores = run(fitted)
    kept = suppress(boxes, scores, LEAST_SCORE, MOST_OVERLAP)
    return to_photo(boxes[kept], fit, height, width), scores[kept]


def to_photo(boxes: FloatArray, fit: Fit, height: int, width: int) -> FloatArray:
    """Boxes in the input's pixels → in the photo's, clipped to it. Sides are edges of pixels, not their centres."""
    offset, scale = np.tile(fit.offset, 2), np.tile(fit.scale, 2)
    return np.asarray(((boxes - offset) / scale).clip(0, np.array([width, height] * 2)), np.float32)


def run_torch(network: nn.Module) -> Run:
    """A network in PyTorch as a function of one fitted picture."""

    @torch.inference_mode()
    def run(image: UInt8Array) -> tuple[Boxes, Scores]:
        boxes, scores = candidates(network(torch.from_numpy(image)[None].permute(0, 3, 1, 2).float()))
        return boxes[0].numpy(), scores[0].numpy()

    return run
