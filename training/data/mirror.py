"""Horizontal flip of a sample."""

import numpy as np

from training.data.sample import Sample
from training.labels.label_set import LabelSet


def mirror(sample: Sample, label_set: LabelSet) -> Sample:
    """The sample flipped horizontally; left and right labels and joints are swapped."""
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
