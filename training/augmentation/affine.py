"""Random affine augmentation: crop, scale, rotation and shift, applied to photo, labels and joints."""

import cv2
import numpy as np
import numpy.typing as npt

from training.augmentation.recipe import AugmentationRecipe
from training.data.fit import PAD_COLOR, RgbColor
from training.data.sample import ABSENT, FloatArray, Sample, UInt8Array
from training.labels.label_set import IGNORE, LabelSet

Matrix = npt.NDArray[np.float64]

LABEL_STRIDE = 2
"""The parsing loss reads every second input pixel: finer than the network's grid, at a quarter of the full cost."""

MIN_JOINTS_FOR_CROP = 4
"""Fewest known joints of a half body that is cropped to."""


def random_affine(
    sample: Sample,
    recipe: AugmentationRecipe,
    height: int,
    width: int,
    label_set: LabelSet,
    rng: np.random.Generator,
) -> Matrix:
    """Random affine map (2, 3) from photo to view: the whole photo or half a body, scaled, rotated and shifted."""
    photo_height, photo_width = sample.image.shape[:2]
    box = np.array([0.0, 0.0, photo_width, photo_height])
    if rng.random() < recipe.half_body:
        box = half_body_box(sample.joints, box, label_set, rng)
    scale = min(width / (box[2] - box[0]), height / (box[3] - box[1])) * np.exp(rng.uniform(*np.log(recipe.scale)))
    angle = 0.0
    if rng.random() < recipe.turn:
        angle = float(rng.uniform(-180, 180))
    elif rng.random() < recipe.rotation_probability:
        angle = float(np.clip(rng.normal(0, recipe.rotation), -2 * recipe.rotation, 2 * recipe.rotation))
    center = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    matrix: Matrix = np.asarray(cv2.getRotationMatrix2D(center, angle, float(scale)), np.float64)
    matrix[:, 2] += np.array([width, height]) / 2 - center
    matrix[:, 2] += rng.uniform(-recipe.shift, recipe.shift, 2) * (width, height)
    return matrix


def half_body_box(joints: FloatArray, whole: Matrix, label_set: LabelSet, rng: np.random.Generator) -> Matrix:
    """A box (x0, y0, x1, y1) around the upper or the lower body; ``whole`` when too few joints are known."""
    upper = np.isin(label_set.joints, label_set.upper_body)
    half = joints[upper if rng.random() < 0.6 else ~upper, :2]
    half = half[~np.isnan(half[:, 0])]
    if len(half) < MIN_JOINTS_FOR_CROP:
        return whole
    low, high = half.min(0), half.max(0)
    margin = 0.25 * max(high - low) + 1
    return np.concatenate([low - margin, high + margin]).astype(np.float64)


def scale_matrix(matrix: Matrix, scale_x: float, scale_y: float) -> Matrix:
    """The affine map ``matrix``, followed by a scaling of the grid by (``scale_x``, ``scale_y``)."""
    scale = np.array([[scale_x], [scale_y]])
    moved: Matrix = matrix * scale
    moved[:, 2:] += 0.5 * scale - 0.5
    return moved


def warp_image(
    image: UInt8Array, matrix: Matrix, height: int, width: int, pad_color: RgbColor = PAD_COLOR
) -> UInt8Array:
    """Apply an affine map (2, 3) to a photo; outside it lies ``pad_color``."""
    shrink = min(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    if shrink < 1.0:  # area averaging first, as at inference: sampling alone would alias
        photo_height, photo_width = image.shape[:2]
        size = (max(1, round(photo_width * shrink)), max(1, round(photo_height * shrink)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        grow = np.array([photo_width / size[0], photo_height / size[1]])
        matrix = np.column_stack([matrix[:, :2] * grow, matrix[:, 2] + matrix[:, :2] @ (grow / 2 - 0.5)])
    view = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=pad_color)
    return np.asarray(view, np.uint8)


def warp_labels(labels: UInt8Array, matrix: Matrix, height: int, width: int) -> UInt8Array:
    """Apply an affine map onto a (height, width) view, on its grid of ``LABEL_STRIDE``; 255 outside the photo."""
    grid = (width // LABEL_STRIDE, height // LABEL_STRIDE)
    to_grid = scale_matrix(matrix, 1 / LABEL_STRIDE, 1 / LABEL_STRIDE)
    warped = cv2.warpAffine(labels, to_grid, grid, flags=cv2.INTER_NEAREST, borderValue=(IGNORE,))
    return np.asarray(warped, np.uint8)


def warp_joints(joints: FloatArray, matrix: Matrix, height: int, width: int) -> FloatArray:
    """Apply an affine map to joints (J, 3); those that leave the (height, width) view become ``ABSENT``."""
    moved = joints.copy()
    moved[:, :2] = joints[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    outside = ~((moved[:, :2] >= -0.5) & (moved[:, :2] < (width - 0.5, height - 0.5))).all(1)
    moved[outside & ~np.isnan(joints[:, 2])] = (np.nan, np.nan, ABSENT)
    return moved
