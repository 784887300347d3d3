"""Training targets of the person detector: a Gaussian around each person's middle, and the person's box there.

As TTFNet has them (Liu et al., "Training-Time-Friendly Network for Real-Time Object Detection", AAAI 2020): Gaussians
as long and wide as their boxes ask for, and every cell under one learns the box, not the middle alone.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.networks.detector.cells import STRIDE

FloatArray = npt.NDArray[np.float32]


class Targets(NamedTuple):
    """Targets on the grid (h, w) of one picture.

    ``center``: (h, w), 1 at the cell of each person's middle, falling around it. ``known``: (h, w), 1 where it is known
    whether somebody is there, less where it is not. ``boxes``: (4, h, w), left, top, right, bottom in input pixels.
    ``weights``: (h, w), how much each cell's box counts; one person's sum is 1.
    """

    center: FloatArray
    known: FloatArray
    boxes: FloatArray
    weights: FloatArray


def make_targets(
    boxes: FloatArray, doubtful: FloatArray, height: int, width: int, spread: float, doubtful_weight: float
) -> Targets:
    """Targets of a picture of ``height`` × ``width`` pixels.

    ``boxes`` and ``doubtful``: (N, 4), left, top, right, bottom in pixels: people, and areas in which somebody may be.
    Where people overlap, the smaller one's box is learnt. A doubtful area counts as one without people, with
    ``doubtful_weight``, but for the people within it.
    """
    rows, columns = height // STRIDE, width // STRIDE
    targets = Targets(
        np.zeros((rows, columns), np.float32),
        np.ones((rows, columns), np.float32),
        np.zeros((4, rows, columns), np.float32),
        np.zeros((rows, columns), np.float32),
    )
    for left, top, right, bottom in np.round(doubtful / STRIDE).astype(int):
        targets.known[max(top, 0) : max(bottom, 0) + 1, max(left, 0) : max(right, 0) + 1] = doubtful_weight
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    for box in boxes[np.argsort(-areas, kind="stable")]:
        _add_person(targets, box, spread)
    return targets


def _add_person(targets: Targets, box: FloatArray, spread: float) -> None:
    rows, columns = targets.center.shape
    left, top, right, bottom = box / STRIDE
    y = min(int((top + bottom) / 2), rows - 1)
    x = min(int((left + right) / 2), columns - 1)
    vertical = _gaussian(np.arange(rows) - y, max(spread * (bottom - top), 0.3))
    horizontal = _gaussian(np.arange(columns) - x, max(spread * (right - left), 0.3))
    gaussian = np.outer(vertical, horizontal)
    here = gaussian > 0
    targets.known[here] = 1
    np.maximum(targets.center, gaussian, out=targets.center)
    targets.boxes[:, here] = box[:, None]
    targets.weights[here] = gaussian[here] / gaussian.sum()


def _gaussian(distance: npt.NDArray[np.int64], deviation: float) -> FloatArray:
    """1 in the middle; 0 from three standard deviations on."""
    values = np.exp(-(distance**2) / (2 * deviation**2))
    values[np.abs(distance) > 3 * deviation] = 0
    return np.asarray(values, np.float32)
