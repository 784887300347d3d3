"""Contact sheet: many samples in one picture, each beside its labels and skeleton."""

import cv2
import numpy as np

from training.data.prepared_folder import PreparedFolder
from training.data.sample import UInt8Array
from training.reporting.overlay import overlay

ROWS, COLUMNS = 6, 6
CELL = (168, 208)
"""Width and height of one picture on the sheet; a sample takes two."""


def contact_sheet(folder: PreparedFolder, names: list[str]) -> UInt8Array:
    """The first 36 of the named samples, uint8 (H, W, 3) RGB."""
    width, height = CELL
    sheet = np.full((ROWS * height, COLUMNS * 2 * width, 3), 24, np.uint8)
    for place, name in enumerate(names[: ROWS * COLUMNS]):
        sample = folder.read(name)
        row, column = divmod(place, COLUMNS)
        for half, picture in enumerate(
            (sample.image, overlay(sample.image, sample.labels, sample.joints, folder.label_set))
        ):
            small = _shrunk(picture)
            top = row * height + (height - small.shape[0]) // 2
            left = (2 * column + half) * width + (width - small.shape[1]) // 2
            sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet


def _shrunk(picture: UInt8Array) -> UInt8Array:
    scale = min((CELL[0] - 4) / picture.shape[1], (CELL[1] - 4) / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
