"""A grid of sample predictions beside the ground truth, as one picture.

Samples are drawn by seed and sorted by the share of pixels that are right. Each shows the photo, the ground truth and
the prediction, with the shares of pixels and joints that are right.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import UInt8Array
from training.errors.input_error import InputError
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
    """One sample of the grid: the shares of pixels and joints that are right, in 0–1, and photo, truth, prediction.

    ``name``: for the caption; none in the grids that are drawn by seed.
    """

    pixels_right: float
    joints_right: float
    pictures: tuple[UInt8Array, UInt8Array, UInt8Array]
    name: str = ""


ChooseSamples = Callable[[Checkpoint, PreparedFolder, list[str], int], list[GridCell]]
"""Gives the samples of a grid, from best to worst, chosen from the named ones, with a seed."""


def prediction_grid(
    checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], seed: int, choose: ChooseSamples
) -> UInt8Array:
    """A grid of ``SAMPLES`` of the named samples (or all, if they are fewer), uint8 (H, W, 3) RGB.

    ``choose``: which. Raises InputError when checkpoint and folder have different labels, and where no sample is named.
    """
    require_same_labels(checkpoint.label_set, folder.label_set)
    if not names:
        raise InputError(f"{folder.root}: there are no samples to show")
    cells = [draw_cell(cell) for cell in choose(checkpoint, folder, names, seed)]
    if not cells:
        raise InputError(f"{folder.root}: no sample has known labels")
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % COLUMNS)
    rows = [np.concatenate(cells[start : start + COLUMNS], 1) for start in range(0, len(cells), COLUMNS)]
    return np.concatenate(rows, 0)


def drawn_samples(checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], seed: int) -> list[GridCell]:
    """Samples drawn by a seed, from the best prediction to the worst."""
    drawn = np.random.default_rng(seed).permutation(names)[:SAMPLES].tolist()
    samples = [evaluate_sample(checkpoint, folder, name) for name in drawn]
    return sorted(samples, key=lambda cell: cell.pixels_right, reverse=True)


def worst_samples(checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], _: int) -> list[GridCell]:
    """Those of all samples with the least share of right pixels, the worst last, with their names."""
    worst: list[GridCell] = []
    for name in tqdm(names, desc="worst samples", unit="photo", leave=False):
        cell = evaluate_sample(checkpoint, folder, name)._replace(name=name)
        if not np.isnan(cell.pixels_right):
            worst = sorted([*worst, cell], key=lambda cell: cell.pixels_right)[:SAMPLES]
    return worst[::-1]


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
    caption = [cell.name] if cell.name else []
    caption += [f"{100 * cell.pixels_right:.0f} % of pixels right"]
    caption += [] if np.isnan(cell.joints_right) else [f"{100 * cell.joints_right:.0f} % of joints"]
    corner = (4, height + CAPTION - 7)
    cv2.putText(canvas, ", ".join(caption), corner, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas
