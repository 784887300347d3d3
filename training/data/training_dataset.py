"""Training data set: random training examples of a prepared folder, reproducible from their draws."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from training.data.mirror import mirror
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, Sample


class TrainingExample(NamedTuple):
    """What a network learns from one photo, or from a batch of them (with N in front of every shape).

    ``images``: (3, H, W) RGB, uint8 or float32 in 0–255. ``labels``: int64, on the grid that the loss wants, 255 =
    unknown. ``maps``: target heat maps, float32 (J, h, w) on the network's grid, empty for a joint that is not in the
    picture. ``weights``: float32 (J,), 0 for a joint of which nothing is known.
    """

    images: Tensor
    labels: Tensor
    maps: Tensor
    weights: Tensor


class SampleDraw(NamedTuple):
    """One draw: the photo's index in the split, and the seed of everything random about its example."""

    photo: int
    seed: int


DrawOther = Callable[[], Sample]
"""Gives a random other sample of the split."""


class TrainingDataset(Dataset[TrainingExample | BrokenSampleError]):
    """Random training examples of the named samples. The same draw always gives the same example, in any process.

    A broken sample is returned, not raised: an exception of a loading process would lose its sentence.
    """

    def __init__(
        self,
        folder: PreparedFolder,
        names: list[str],
        make_example: Callable[[Sample, np.random.Generator, DrawOther], TrainingExample],
    ) -> None:
        self.folder, self.names, self.make_example = folder, names, make_example

    def __getitem__(self, draw: SampleDraw) -> TrainingExample | BrokenSampleError:
        rng = np.random.default_rng((draw.seed, draw.photo))
        try:
            sample = self.folder.read(self.names[draw.photo])
            return self.make_example(sample, rng, lambda: self.random_sample(rng))
        except BrokenSampleError as error:
            return error

    def random_sample(self, rng: np.random.Generator) -> Sample:
        """Any sample of the split, mirrored or not."""
        sample = self.folder.read(self.names[rng.integers(len(self.names))])
        return mirror(sample, self.folder.label_set) if rng.random() < 0.5 else sample
