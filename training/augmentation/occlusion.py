"""Random occluders."""

import cv2
import numpy as np

from training.augmentation.affine import LABEL_STRIDE
from training.data.sample import OCCLUDED, FloatArray, UInt8Array
from training.labels.label_set import IGNORE


def paste_occluder(image: UInt8Array, labels: UInt8Array, joints: FloatArray, rng: np.random.Generator) -> None:
    """Cover a random ellipse or box with a plain colour (in place): it is background, joints under it are occluded."""
    height, width = image.shape[:2]
    center = (int(rng.integers(width)), int(rng.integers(height)))
    axes = (int(width * rng.uniform(0.05, 0.2)), int(height * rng.uniform(0.05, 0.2)))
    cover = np.zeros((height, width), np.uint8)
    if rng.random() < 0.5:
        cv2.ellipse(cover, center, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    else:
        cv2.rectangle(
            cover, (center[0] - axes[0], center[1] - axes[1]), (center[0] + axes[0], center[1] + axes[1]), 1, -1
        )
    hidden = cover.astype(bool)
    image[hidden] = rng.integers(0, 256, 3)
    labels[hidden[::LABEL_STRIDE, ::LABEL_STRIDE] & (labels != IGNORE)] = 0
    known = np.nonzero(~np.isnan(joints[:, 0]))[0]
    columns = np.clip(np.rint(joints[known, 0]).astype(int), 0, width - 1)
    rows = np.clip(np.rint(joints[known, 1]).astype(int), 0, height - 1)
    joints[known[hidden[rows, columns]], 2] = OCCLUDED
