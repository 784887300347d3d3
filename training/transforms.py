"""From a sample to what a network reads, and back: fitting, augmentation, targets.

Points are in pixels with the centre of the top-left pixel at (0, 0), so a resize by ``s`` maps x to
``s·(x + 0.5) − 0.5``, as OpenCV and the networks' own up-sampling do.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.data.sample import ABSENT, OCCLUDED, FloatArray, Sample, UInt8Array
from training.label_set import IGNORE, LabelSet
from training.nobody import part_without_people
from training.recipe import AugmentationRecipe, FitMode

Matrix = npt.NDArray[np.float64]

PAD_COLOR = (124, 116, 104)
"""RGB of ImageNet's mean: what lies outside the photo."""

LABEL_STRIDE = 2
"""The parsing loss sees every second input pixel: finer than the network's own grid, a quarter of the full cost."""

MIN_JOINTS_FOR_CROP = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """How a photo lies in the network's input: resized to ``size`` and placed at ``offset`` (both x, y)."""

    size: tuple[int, int]
    offset: tuple[int, int]
    scale: tuple[float, float]

    def to_photo(self, points: FloatArray) -> FloatArray:
        """Input pixels → photo pixels, (…, 2)."""
        offset, scale = np.asarray(self.offset, np.float32), np.asarray(self.scale, np.float32)
        return (points - offset + 0.5) / scale - 0.5

    def matrix(self) -> FloatArray:
        """The same map from photo to input pixels as an affine matrix, float32 (2, 3)."""
        (sx, sy), (left, top) = self.scale, self.offset
        return np.array([[sx, 0, sx / 2 - 0.5 + left], [0, sy, sy / 2 - 0.5 + top]], np.float32)


def fit_photo(image: UInt8Array, height: int, width: int, mode: FitMode) -> tuple[UInt8Array, Fit]:
    """Fit a photo (H, W, 3) into (height, width, 3).

    ``letterbox``: proportions kept, centred, padded with ``PAD_COLOR``; ``squash``: stretched. The same rules as
    docs/model-file.md states for the service.
    """
    photo_height, photo_width = image.shape[:2]
    size = (width, height)
    if mode == "letterbox":
        scale = min(width / photo_width, height / photo_height)
        size = (max(1, round(photo_width * scale)), max(1, round(photo_height * scale)))
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    shrinks = size[0] < photo_width or size[1] < photo_height
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = PAD_COLOR
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(
        image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return canvas, Fit(size, (left, top), (size[0] / photo_width, size[1] / photo_height))


def mirror(sample: Sample, label_set: LabelSet) -> Sample:
    """The photo mirrored; labels and joints of the two sides change places."""
    table = np.arange(256, dtype=np.uint8)
    table[: len(label_set.labels)] = label_set.mirrored_labels
    joints = sample.joints[label_set.mirrored_joints].copy()
    joints[:, 0] = sample.image.shape[1] - 1 - joints[:, 0]
    return Sample(
        sample.name,
        np.ascontiguousarray(sample.image[:, ::-1]),
        table[np.ascontiguousarray(sample.labels[:, ::-1])],
        joints,
        sample.licence,
    )


def augment(
    sample: Sample,
    how: AugmentationRecipe,
    height: int,
    width: int,
    label_set: LabelSet,
    rng: np.random.Generator,
) -> tuple[UInt8Array, UInt8Array, FloatArray]:
    """A random view of a sample: image (height, width, 3), joints (J, 3) in its pixels or ``ABSENT``, and the labels on
    the grid that the loss uses, (height, width) / ``LABEL_STRIDE``."""
    if rng.random() < how.empty:
        sample = part_without_people(sample, rng) or sample
    if rng.random() < how.mirror:
        sample = mirror(sample, label_set)
    matrix = random_view(sample, how, height, width, label_set, rng)
    image, joints = warp_image(sample.image, matrix, height, width), warp_joints(sample.joints, matrix, height, width)
    labels = warp_labels(sample.labels, matrix, height, width)
    if rng.random() < how.occluder:
        paste_occluder(image, labels, joints, rng)
    image = change_colors(image, how.color, rng)
    if rng.random() < how.low_light:
        image = dim(image, rng)
    return degrade(image, how.degrade, rng), labels, joints


def random_view(
    sample: Sample,
    how: AugmentationRecipe,
    height: int,
    width: int,
    label_set: LabelSet,
    rng: np.random.Generator,
) -> Matrix:
    """Affine map (2, 3) from photo to view: the whole photo or half a body, then scaled, turned and shifted."""
    photo_height, photo_width = sample.image.shape[:2]
    box = np.array([0.0, 0.0, photo_width, photo_height])
    if rng.random() < how.half_body:
        box = half_body_box(sample.joints, box, label_set, rng)
    scale = min(width / (box[2] - box[0]), height / (box[3] - box[1])) * np.exp(rng.uniform(*np.log(how.scale)))
    angle = 0.0
    if rng.random() < how.turn:
        angle = float(rng.uniform(-180, 180))
    elif rng.random() < how.rotation_probability:
        angle = float(np.clip(rng.normal(0, how.rotation), -2 * how.rotation, 2 * how.rotation))
    center = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    matrix: Matrix = np.asarray(cv2.getRotationMatrix2D(center, angle, float(scale)), np.float64)
    matrix[:, 2] += np.array([width, height]) / 2 - center
    matrix[:, 2] += rng.uniform(-how.shift, how.shift, 2) * (width, height)
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


def scaled_grid(matrix: Matrix, scale_x: float, scale_y: float) -> Matrix:
    """The affine map that does what ``matrix`` does, onto a grid scaled by (``scale_x``, ``scale_y``)."""
    scale = np.array([[scale_x], [scale_y]])
    moved: Matrix = matrix * scale
    moved[:, 2:] += 0.5 * scale - 0.5
    return moved


def warp_image(image: UInt8Array, matrix: Matrix, height: int, width: int) -> UInt8Array:
    """Apply an affine map (2, 3) to a photo; outside it lies ``PAD_COLOR``."""
    shrink = min(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    if shrink < 1.0:  # area averaging first, as at inference: sampling alone would alias
        photo_height, photo_width = image.shape[:2]
        size = (max(1, round(photo_width * shrink)), max(1, round(photo_height * shrink)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        grow = np.array([photo_width / size[0], photo_height / size[1]])
        matrix = np.column_stack([matrix[:, :2] * grow, matrix[:, 2] + matrix[:, :2] @ (grow / 2 - 0.5)])
    view = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=PAD_COLOR)
    return np.asarray(view, np.uint8)


def warp_labels(labels: UInt8Array, matrix: Matrix, height: int, width: int) -> UInt8Array:
    """Apply an affine map onto a (height, width) view, on its grid of ``LABEL_STRIDE``; 255 outside the photo."""
    grid = (width // LABEL_STRIDE, height // LABEL_STRIDE)
    to_grid = scaled_grid(matrix, 1 / LABEL_STRIDE, 1 / LABEL_STRIDE)
    warped = cv2.warpAffine(labels, to_grid, grid, flags=cv2.INTER_NEAREST, borderValue=(IGNORE,))
    return np.asarray(warped, np.uint8)


def warp_joints(joints: FloatArray, matrix: Matrix, height: int, width: int) -> FloatArray:
    """Apply an affine map to joints (J, 3); those that leave the (height, width) view become ``ABSENT``."""
    moved = joints.copy()
    moved[:, :2] = joints[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    outside = ~((moved[:, :2] >= -0.5) & (moved[:, :2] < (width - 0.5, height - 0.5))).all(1)
    moved[outside & ~np.isnan(joints[:, 2])] = (np.nan, np.nan, ABSENT)
    return moved


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


def change_colors(image: UInt8Array, strength: float, rng: np.random.Generator) -> UInt8Array:
    """Random gain and offset a channel, contrast, and now and then no colour at all."""
    gain = rng.uniform(1 - strength, 1 + strength) * rng.uniform(1 - strength / 3, 1 + strength / 3, 3)
    offset = 128 * (1 - gain) * rng.random() + rng.uniform(-strength, strength) * 40
    table = np.clip(np.arange(256)[:, None] * gain + offset, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])  # type: ignore[assignment]
    if rng.random() < 0.05:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    return image


def dim(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """A photo taken in little light: less exposed, its shadows deeper, with a sensor's noise."""
    exposure, gamma, noise = rng.uniform(0.3, 0.8), rng.uniform(1.0, 2.0), rng.uniform(2, 12)
    table = (255 * exposure * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    grain = np.float32(noise) * rng.standard_normal(image.shape, np.float32)
    return np.clip(table[image] + grain, 0, 255).astype(np.uint8)


def smear(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Motion blur: the mean along a straight line of 3 to 9 pixels, in any direction."""
    length, angle = int(rng.integers(3, 10)), rng.uniform(0, np.pi)
    line, reach = np.zeros((9, 9), np.float32), (length - 1) / 2
    steps = np.linspace(-reach, reach, 4 * length)
    rows, columns = (np.rint(4 + steps * part).astype(int) for part in (np.sin(angle), np.cos(angle)))
    np.add.at(line, (rows, columns), 1 / len(steps))
    return np.asarray(cv2.filter2D(image, -1, line), np.uint8)


def degrade(image: UInt8Array, probability: float, rng: np.random.Generator) -> UInt8Array:
    """What cameras and web sites do to photos: blur (defocus or motion) and JPEG, each with ``probability``."""
    if rng.random() < probability:
        if rng.random() < 0.4:
            image = smear(image, rng)
        else:
            image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.5)))  # type: ignore[assignment]
    if rng.random() < probability:
        quality = int(rng.integers(30, 90))
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return image


def heat_maps(joints: FloatArray, height: int, width: int, stride: int, sigma: float) -> tuple[FloatArray, FloatArray]:
    """Gaussians of peak 1 on a grid of cells: maps (J, height/stride, width/stride) and weights (J,).

    ``joints`` in input pixels, ``sigma`` in cells. The weight is 1 for a joint that is known: a marked one (occluded or
    not), and one that is ``ABSENT``, whose map is empty. It is 0 for a joint that nobody marked.
    """
    weights = (~np.isnan(joints[:, 2])).astype(np.float32)
    present = ~np.isnan(joints[:, 0])
    centers = (np.nan_to_num(joints[:, :2]) + 0.5) / stride - 0.5
    columns, rows = np.arange(width // stride), np.arange(height // stride)
    along_x = np.exp(-((columns - centers[:, :1]) ** 2) / (2 * sigma**2))
    along_y = np.exp(-((rows - centers[:, 1:]) ** 2) / (2 * sigma**2))
    maps = along_y[:, :, None] * along_x[:, None, :] * present[:, None, None]
    return maps.astype(np.float32), weights
