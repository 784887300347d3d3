"""Samples of one person, who is a box of one colour and label."""

import numpy as np

from training.data.sample import Sample


def person(label, color, rows=slice(20, 80), columns=slice(40, 60), name="a"):
    """A box of one label and colour on a black 100 × 100 photo, its joints in the box's middle."""
    image, labels = np.zeros((100, 100, 3), np.uint8), np.zeros((100, 100), np.uint8)
    image[rows, columns], labels[rows, columns] = color, label
    middle = ((columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2, 1)
    return Sample(name, image, labels, np.full((16, 3), middle, np.float32), "CC0")


def no_other_sample():
    """``draw_other`` of a test in which nothing is taken from other samples."""
    raise AssertionError("another sample was drawn")
