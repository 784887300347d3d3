"""Augmentation: a random training view of a sample, made as the whole augmentation recipe says."""

from typing import NamedTuple

import numpy as np

from training.augmentation.affine import random_affine, warp_image, warp_joints, warp_labels
from training.augmentation.background_crop import background_crop
from training.augmentation.color import degrade, jitter_color, low_light
from training.augmentation.copy_paste import copy_paste
from training.augmentation.occlusion import paste_occluder
from training.augmentation.recipe import AugmentationRecipe
from training.augmentation.zoom_out import zoom_out
from training.data.mirror import mirror
from training.data.sample import FloatArray, Sample, UInt8Array
from training.data.training_dataset import DrawOther
from training.labels.label_set import LabelSet


class AugmentedView(NamedTuple):
    """A random view of a sample.

    ``image``: uint8 (height, width, 3) RGB. ``labels``: uint8, on the grid of the loss, (height, width) /
    ``LABEL_STRIDE``. ``joints``: float32 (J, 3) in the image's pixels, or ``ABSENT``.
    """

    image: UInt8Array
    labels: UInt8Array
    joints: FloatArray


def augment(
    sample: Sample,
    recipe: AugmentationRecipe,
    height: int,
    width: int,
    label_set: LabelSet,
    rng: np.random.Generator,
    draw_other: DrawOther,
) -> AugmentedView:
    """A random view of a sample; ``draw_other`` gives the samples that copy-paste and zoom-out take parts of."""
    if rng.random() < recipe.copy_paste:
        sample = copy_paste(sample, draw_other(), rng)
    elif recipe.zoom_out and rng.random() < recipe.zoom_out:  # recipes without it draw what they always drew
        sample = zoom_out(sample, draw_other(), rng)
    if rng.random() < recipe.background_crop:
        sample = background_crop(sample, rng) or sample
    if rng.random() < recipe.mirror:
        sample = mirror(sample, label_set)
    matrix = random_affine(sample, recipe, height, width, label_set, rng)
    image, joints = warp_image(sample.image, matrix, height, width), warp_joints(sample.joints, matrix, height, width)
    labels = warp_labels(sample.labels, matrix, height, width)
    if rng.random() < recipe.occluder:
        paste_occluder(image, labels, joints, rng)
    image = jitter_color(image, recipe.color, rng)
    if rng.random() < recipe.low_light:
        image = low_light(image, rng)
    return AugmentedView(degrade(image, recipe.degrade, rng), labels, joints)
