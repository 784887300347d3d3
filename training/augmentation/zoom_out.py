"""Zoom-out augmentation: a sample's person, small, before a part of another photo without people."""

from dataclasses import replace

import cv2
import numpy as np

from training.augmentation.background_crop import background_crop
from training.augmentation.cutout import CutOut, Mask, bounding_box, cut_out, paste_behind, person_mask, resized
from training.data.sample import FloatArray, Sample, UInt8Array

HEIGHT = 384
"""Height of the new picture in pixels; no network here has an input that is taller."""

ASPECT_RATIOS = (0.6, 1.6)
"""Range of the new picture's aspect ratio, width / height."""

PERSON_SHARES = (0.2, 0.6)
"""Range of the person's share of the picture's height, or of its width where that is tighter."""


def zoom_out(sample: Sample, elsewhere: Sample, rng: np.random.Generator) -> Sample:
    """A sample's person, small, before a part of ``elsewhere`` without people.

    Returns the sample itself where its person is not whole, or where ``elsewhere`` has no part without people.
    """
    person = person_mask(sample.labels)
    cut = cut_out(sample) if person.any() and _is_whole(sample, person) else None
    background = background_crop(elsewhere, rng)
    if cut is None or background is None:
        return sample
    width, height = round(HEIGHT * np.exp(rng.uniform(*np.log(ASPECT_RATIOS)))), HEIGHT
    scene = replace(sample, image=_fill(background.image, width, height), labels=np.zeros((height, width), np.uint8))
    tall, wide = cut.mask.shape
    scale = rng.uniform(*PERSON_SHARES) * min(height / tall, width / wide)
    cut = resized(cut, max(8, round(scale * tall)))
    x = int(rng.integers(0, max(1, width - cut.mask.shape[1])))
    y = height - len(cut.mask) if cut.reaches_down else int(rng.integers(0, max(1, height - len(cut.mask))))
    return replace(paste_behind(scene, cut, x, y), joints=_move_joints(sample, person, cut, x, y))


def _is_whole(sample: Sample, person: Mask) -> bool:
    """Whether the person ends within the photo, but maybe below, and in one piece: all joints lie in its box."""
    left, top, right, bottom = bounding_box(person)
    joints = sample.joints[~np.isnan(sample.joints[:, 0]), :2]
    in_box = (joints >= (left - 1, top - 1)) & (joints <= (right, bottom))
    return left > 0 and top > 0 and right < person.shape[1] and bool(in_box.all())


def _fill(image: UInt8Array, width: int, height: int) -> UInt8Array:
    """The middle of a photo, resized to fill a picture of ``width``×``height``."""
    scale = max(width / image.shape[1], height / len(image))
    across, down = round(width / scale), round(height / scale)
    left, top = (image.shape[1] - across) // 2, (len(image) - down) // 2
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    middle = image[top : top + max(1, down), left : left + max(1, across)]
    return np.asarray(cv2.resize(middle, (width, height), interpolation=smooth), np.uint8)


def _move_joints(sample: Sample, person: Mask, cut: CutOut, x: int, y: int) -> FloatArray:
    """The joints (J, 3) of a sample whose person, cut out and resized, has its top-left corner at (x, y)."""
    left, top, right, bottom = bounding_box(person)
    scale = np.array([cut.mask.shape[1] / (right - left), len(cut.mask) / (bottom - top)], np.float32)
    joints = sample.joints.copy()
    joints[:, :2] = (joints[:, :2] - (left, top) + 0.5) * scale - 0.5 + (x, y)
    return joints
