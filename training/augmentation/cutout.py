"""A person cut out of one sample, to be pasted into another."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.data.sample import Sample, UInt8Array
from training.labels.label_set import IGNORE

Mask = npt.NDArray[np.bool_]

MIN_SHARE = 0.02
"""A person on a smaller share of the photo is not cut out."""

MAX_UNKNOWN = 0.2
"""The largest number of unknown pixels, as a share of the person's: with more, the outline is not known."""

FEATHER = 0.7
"""Pixels by which a cut's border is blurred: photos have no jagged ones."""


@dataclass(frozen=True, slots=True)
class CutOut:
    """A person cut out of a photo.

    ``image``: uint8 (h, w, 3). ``labels``: uint8 (h, w). ``mask``: uint8 (h, w), 255 where the person is.
    ``reaches_down``: the photo's last row cuts the person off.
    """

    image: UInt8Array
    labels: UInt8Array
    mask: UInt8Array
    reaches_down: bool


def person_mask(labels: UInt8Array) -> Mask:
    """The largest connected component of known labels other than background, bool (H, W); maybe empty."""
    body = ((labels != 0) & (labels != IGNORE)).astype(np.uint8)
    _, blobs, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    if len(stats) < 2:
        return np.zeros(labels.shape, bool)
    return np.asarray(blobs == 1 + stats[1:, cv2.CC_STAT_AREA].argmax(), bool)


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a mask that is not empty; the last column and row excluded."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return left, top, left + width, top + height


def cut_out(sample: Sample) -> CutOut | None:
    """The person of a sample; None if it is too small, or if too much around it is unknown."""
    person = person_mask(sample.labels)
    count = int(person.sum())
    if count < MIN_SHARE * person.size or (sample.labels == IGNORE).sum() > MAX_UNKNOWN * count:
        return None
    left, top, right, bottom = bounding_box(person)
    part = (slice(top, bottom), slice(left, right))
    mask = np.where(person[part], 255, 0).astype(np.uint8)
    return CutOut(sample.image[part], sample.labels[part], mask, bottom == len(person))


def resized(cut: CutOut, height: int) -> CutOut:
    """The same person ``height`` pixels tall, its border blurred by ``FEATHER``."""
    scale = height / len(cut.mask)
    size = (max(1, round(cut.mask.shape[1] * scale)), height)
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    mask = cv2.GaussianBlur(cv2.resize(cut.mask, size, interpolation=smooth), (0, 0), FEATHER)
    return CutOut(
        np.asarray(cv2.resize(cut.image, size, interpolation=smooth), np.uint8),
        np.asarray(cv2.resize(cut.labels, size, interpolation=cv2.INTER_NEAREST), np.uint8),
        np.asarray(mask, np.uint8),
        cut.reaches_down,
    )


def paste_behind(sample: Sample, cut: CutOut, x: int, y: int) -> Sample:
    """A sample with a cut-out pasted behind its person, the cut-out's top-left corner at (x, y)."""
    photo_height, photo_width = sample.labels.shape
    height, width = cut.mask.shape
    rows, columns = slice(max(y, 0), max(y + height, 0)), slice(max(x, 0), max(x + width, 0))
    target = (rows, columns)
    visible = (slice(max(-y, 0), max(photo_height - y, 0)), slice(max(-x, 0), max(photo_width - x, 0)))
    image, labels = sample.image.copy(), sample.labels.copy()
    mask = np.where(labels[target] == 0, cut.mask[visible], 0).astype(np.uint8)
    alpha = mask[..., None].astype(np.uint16)
    mixed = (image[target] * (255 - alpha) + cut.image[visible] * alpha + 127) // 255
    image[target] = mixed.astype(np.uint8)
    covered = (mask > 127) & (cut.labels[visible] != 0)
    labels[target][covered] = cut.labels[visible][covered]
    return Sample(sample.name, image, labels, sample.joints, sample.licence)
