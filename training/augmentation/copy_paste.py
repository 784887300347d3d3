"""Copy-paste augmentation: a person cut out of another sample, pasted beside or behind the sample's own.

After Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation", CVPR 2021.
"""

import numpy as np

from training.augmentation.cutout import bounding_box, cut_out, paste_behind, person_mask, resized
from training.data.sample import Sample

SIZES = (0.5, 1.1)
"""How tall the pasted person may be, in heights of the main one."""


def copy_paste(sample: Sample, other: Sample, rng: np.random.Generator) -> Sample:
    """A sample with the person of another beside its own, or partly behind.

    The sample's own person stays in front, unchanged, and so do its joints. Returns the sample itself where either
    sample has no usable person.
    """
    cut, main = cut_out(other), person_mask(sample.labels)
    if cut is None or not main.any():
        return sample
    left, top, right, bottom = bounding_box(main)
    tall = bottom - top
    cut = resized(cut, max(8, round(tall * rng.uniform(*SIZES))))
    height, width = cut.mask.shape
    apart = (right - left + width) / 2 * rng.uniform(0.4, 1.1) * rng.choice((-1, 1))
    x = round((left + right - width) / 2 + apart)
    floor = len(main) if cut.reaches_down else round(bottom + tall * rng.uniform(-0.1, 0.05))
    return paste_behind(sample, cut, x, floor - height)
