"""Target heat maps: a Gaussian around every joint."""

import numpy as np

from training.data.sample import FloatArray


def heat_maps(joints: FloatArray, height: int, width: int, stride: int, sigma: float) -> tuple[FloatArray, FloatArray]:
    """Gaussians of peak 1 on a grid of cells: maps (J, height/stride, width/stride) and weights (J,).

    ``joints`` in input pixels, ``sigma`` in cells. The weight is 1 for a joint that is known: a marked one (occluded or
    not), and one that is ``ABSENT``, whose map is empty. It is 0 for an unmarked joint.
    """
    weights = (~np.isnan(joints[:, 2])).astype(np.float32)
    present = ~np.isnan(joints[:, 0])
    centers = (np.nan_to_num(joints[:, :2]) + 0.5) / stride - 0.5
    columns, rows = np.arange(width // stride), np.arange(height // stride)
    along_x = np.exp(-((columns - centers[:, :1]) ** 2) / (2 * sigma**2))
    along_y = np.exp(-((rows - centers[:, 1:]) ** 2) / (2 * sigma**2))
    maps = along_y[:, :, None] * along_x[:, None, :] * present[:, None, None]
    return maps.astype(np.float32), weights
