"""The teacher: a trained network asked several times about one photo, and the mean of what it says.

Each look at the photo has its own errors; what all looks say alike is more often right, and where they differ the mean
is undecided, which is what the rules want to know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch

from training.checkpoint import Checkpoint
from training.data.sample import FloatArray, UInt8Array
from training.pose import decode
from training.transforms import fit_photo


class Look(NamedTuple):
    """One way to show the photo: how large, as a multiple of the input that the network was trained with, and whether
    mirrored."""

    scale: float
    mirrored: bool


LOOKS: Final = (Look(1.0, False), Look(1.0, True), Look(1.25, False), Look(1.25, True))
"""What the teacher is asked. docs/self-training.md shows what each look is worth."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """``labels``: uint8 (H, W), the most probable label by the mean of all looks; ``confidence``: float32 (H, W), its
    probability. ``joints``: float32 (V, J, 3), every look's joints: x, y in the photo's pixels and score in 0–1."""

    labels: UInt8Array
    confidence: FloatArray
    joints: FloatArray


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one look, sides already as in the photo: probabilities (L, h, w), the affine map (2, 3) from the
    photo's pixels to its cells, and joints (J, 3) as in ``Opinion``."""

    probabilities: FloatArray
    to_grid: FloatArray
    joints: FloatArray


def ask(teacher: Checkpoint, image: UInt8Array, looks: Sequence[Look] = LOOKS) -> Opinion:
    """What the teacher says of an upright photo, uint8 (H, W, 3) RGB."""
    return mean_opinion([answer(teacher, image, look) for look in looks], image.shape[0], image.shape[1])


def mean_opinion(answers: Sequence[Answer], height: int, width: int) -> Opinion:
    """The mean of several answers about one photo of that size."""
    best = np.zeros((height, width), np.float32)
    labels = np.zeros((height, width), np.uint8)
    for label in range(len(answers[0].probabilities)):  # one at a time: all planes of a large photo fill the memory
        planes = [_at_photo_size(given.probabilities[label], given.to_grid, height, width) for given in answers]
        mean = np.stack(planes).mean(0)
        better = mean > best
        best[better], labels[better] = mean[better], label
    return Opinion(labels, best, np.stack([given.joints for given in answers]))


@torch.inference_mode()
def answer(teacher: Checkpoint, image: UInt8Array, look: Look) -> Answer:
    """What the teacher says at one look."""
    network, recipe, label_set = teacher.network, teacher.recipe.network, teacher.label_set
    height, width = (_scaled(side, look.scale, network.multiple) for side in (recipe.height, recipe.width))
    fitted, fit = fit_photo(image, height, width, recipe.fit)
    shown = torch.from_numpy(fitted).permute(2, 0, 1)[None].float().to(next(network.parameters()).device)
    stage = network(shown.flip(-1) if look.mirrored else shown)[-1]
    probabilities = stage.parsing[0].float().softmax(0).cpu().numpy()
    joints = decode(stage.pose.float(), network.stride, network.origin)[0].cpu().numpy()
    to_input = fit.matrix()
    if look.mirrored:
        probabilities = probabilities[label_set.mirrored_labels]
        joints = joints[label_set.mirrored_joints]
        joints[:, 0] = width - 1 - joints[:, 0]
        to_input[0] *= -1
        to_input[0, 2] += width - 1
    joints[:, :2] = fit.to_photo(joints[:, :2])
    to_input[:, 2] -= network.origin
    to_input /= network.stride
    return Answer(probabilities, to_input, joints)


def _scaled(side: int, scale: float, multiple: int) -> int:
    """A side of the input times ``scale``, as a multiple that the network takes."""
    return multiple * round(side * scale / multiple)


def _at_photo_size(plane: FloatArray, to_grid: FloatArray, height: int, width: int) -> FloatArray:
    """A plane (h, w) on the network's grid → the photo's size, bilinear."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(plane, to_grid, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(large, np.float32)
