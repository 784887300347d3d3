"""A grid of sample predictions beside the ground truth, as one picture.

Samples are drawn by seed and sorted by the share of pixels that are right. Each shows the photo, the ground truth and
the prediction, with the shares of pixels and joints that are right.
"""

from typing import NamedTuple

import cv2
import numpy as np

from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import UInt8Array
from training.evaluation.metrics import joints_near
from training.evaluation.protocols import one_pass
from training.labels.compatibility import require_same_labels
from training.reporting.overlay import overlay

SAMPLES, COLUMNS = 12, 3

PICTURE = (136, 176)
"""Width and height of one picture in pixels; a sample takes three."""

CAPTION, GAP = 22, 14
"""Pixels below a sample, and between two."""


class GridCell(NamedTuple):
    """One sample of the grid: the shares of pixels and joints that are right, in 0–1, and photo, truth, prediction."""

    pixels_right: float
    joints_right: float
    pictures: tuple[UInt8Array, UInt8Array, UInt8Array]


def prediction_grid(checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], seed: int) -> UInt8Array:
    """A grid of ``SAMPLES`` of the named samples (or all, if they are fewer), uint8 (H, W, 3) RGB.

    Raises ValueError when checkpoint and folder have different labels.
    """
    require_same_labels(checkpoint.label_set, folder.label_set)
    drawn = np.random.default_rng(seed).permutation(names)[:SAMPLES].tolist()
    samples = [evaluate_sample(checkpoint, folder, name) for name in drawn]
    cells = [draw_cell(cell) for cell in sorted(samples, key=lambda cell: cell.pixels_right, reverse=True)]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % COLUMNS)
    rows = [np.concatenate(cells[start : start + COLUMNS], 1) for start in range(0, len(cells), COLUMNS)]
    return np.concatenate(rows, 0)


def evaluate_sample(checkpoint: Checkpoint, folder: PreparedFolder, name: str) -> GridCell:
    """Predict one sample and compare it with the truth; a share is nan where nothing is known."""
    sample, label_set = folder.read(name), checkpoint.label_set
    prediction = one_pass(checkpoint, sample.image)
    known, near = joints_near(prediction.joints, sample.joints, label_set)
    certain = sample.labels < len(label_set.labels)
    pictures = (
        sample.image,
        overlay(sample.image, sample.labels, sample.joints, label_set),
        overlay(sample.image, prediction.labels, prediction.joints, label_set),
    )
    right = (prediction.labels == sample.labels)[certain]
    return GridCell(
        float(right.mean()) if right.size else float("nan"),
        float(near.sum() / known.sum()) if known.any() else float("nan"),
        pictures,
    )


def draw_cell(cell: GridCell) -> UInt8Array:
    """Draw the three pictures side by side over their caption, on white."""
    width, height = PICTURE
    canvas = np.full((height + CAPTION + GAP, 3 * width + GAP, 3), 255, np.uint8)
    for column, picture in enumerate(cell.pictures):
        scale = min(width / picture.shape[1], height / picture.shape[0])
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        left, top = column * width + (width - size[0]) // 2, (height - size[1]) // 2
        canvas[top : top + size[1], left : left + size[0]] = small
    caption = [f"{100 * cell.pixels_right:.0f} % of pixels right"]
    caption += [] if np.isnan(cell.joints_right) else [f"{100 * cell.joints_right:.0f} % of joints"]
    corner = (4, height + CAPTION - 7)
    cv2.putText(canvas, ", ".join(caption), corner, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas
