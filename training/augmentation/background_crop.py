"""Background crop: a part of a photo without people, so that networks learn to predict that nobody is there."""

import numpy as np

from training.data.sample import ABSENT, Sample

TRIES = 20
"""Random boxes that are tried."""

SMALLEST = 1 / 5
"""A part's sides measure at least this share of the photo's shorter side."""


def background_crop(sample: Sample, rng: np.random.Generator) -> Sample | None:
    """The largest of ``TRIES`` random boxes of a photo that hold nothing but background; None if each holds more.

    Boxes with unknown pixels (255) are refused, since a person may be there. All joints of the part are ``ABSENT``.
    """
    smallest = max(1, round(SMALLEST * min(sample.labels.shape)))
    rows, columns = (random_spans(length, smallest, rng) for length in sample.labels.shape)
    boxes = [box for box in zip(rows, columns, strict=True) if not sample.labels[box].any()]
    if not boxes:
        return None
    largest = max(boxes, key=lambda box: sample.labels[box].size)
    joints = np.full_like(sample.joints, np.nan)
    joints[:, 2] = ABSENT
    return Sample(sample.name, sample.image[largest], sample.labels[largest], joints, sample.licence)


def random_spans(length: int, smallest: int, rng: np.random.Generator) -> list[slice]:
    """``TRIES`` random stretches of a side of a photo, all in pixels."""
    sizes = rng.integers(smallest, length, TRIES, endpoint=True)
    starts = rng.integers(0, length - sizes, endpoint=True)
    return [slice(int(start), int(start + size)) for start, size in zip(starts, sizes, strict=True)]
