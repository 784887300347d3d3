"""What one stage of a joint network says."""

from typing import NamedTuple

from torch import Tensor


class Stage(NamedTuple):
    """Answers of one stage, on the network's own grid (h, w).

    ``parsing``: label scores before soft-max, (N, labels, h, w).
    ``pose``: heat maps, (N, joints, h, w), trained towards Gaussians with a peak of 1.
    """

    parsing: Tensor
    pose: Tensor
