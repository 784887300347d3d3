"""Stage: the predictions of one stage of a network."""

from typing import NamedTuple

from torch import Tensor


class Stage(NamedTuple):
    """Predictions of one stage, on the network's own grid (h, w).

    ``parsing``: label scores before soft-max, (N, labels, h, w).
    ``pose``: heat maps, (N, joints, h, w), trained towards Gaussians with a peak of 1; of no channels where the label
    set has no joints or the network knows none.
    """

    parsing: Tensor
    pose: Tensor


def no_heat_maps(scores: Tensor) -> Tensor:
    """The heat maps (N, 0, h, w) that go with label scores (N, L, h, w) where there are no joints."""
    return scores[:, :0]


def softmax_of_labels(scores: Tensor) -> Tensor:
    """Label scores (N, L, h, w) → probabilities, same shape."""
    count, labels, height, width = scores.shape
    return labels_last(scores).softmax(1).reshape(count, height, width, labels).permute(0, 3, 1, 2)


def labels_last(planes: Tensor) -> Tensor:
    """(N, L, h, w) → (N·h·w, L): runtimes reduce over a contiguous axis several times faster."""
    return planes.permute(0, 2, 3, 1).reshape(-1, planes.shape[1])
