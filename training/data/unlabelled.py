"""Source of photos without labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.data.sample import DatasetInfo, FloatArray, UInt8Array
from training.labels.label_set import LabelSet

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pose:
    """A person's pose, as far as it is known, in the photo's pixels.

    ``joints``: float32 (J, 3) as in ``Sample``. ``limbs``: label → the polyline (K, 2) that runs through that part.
    """

    joints: FloatArray
    limbs: Mapping[str, Points] = field(default_factory=dict)


class UnlabelledPhotos(Protocol):
    """A source of photos without labels."""

    @property
    def info(self) -> DatasetInfo:
        """Name, licence and source of the photos."""

    @property
    def label_set(self) -> LabelSet | None:
        """The set of its poses' joints and limbs; None: it has no poses."""

    def unlabelled(self) -> list[str]:
        """Names of the photos that have no labels and never had; none of them is in any split."""

    def photo(self, name: str) -> Path:
        """Path of a photo."""

    def pose(self, name: str, labels: UInt8Array) -> Pose | None:
        """The pose of a photo on which ``labels`` (H, W) were found; None: the source has none.

        Raises BrokenSampleError for a photo that should have one.
        """
