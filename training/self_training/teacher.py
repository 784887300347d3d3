"""The teacher: a trained network asked several times about one photo, and the mean of what it says.

Each look at the photo has its own errors; what all looks say alike is more often right, and where they differ the mean
is undecided, which is what the rules want to know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import FloatArray, UInt8Array
from training.evaluation.inference import ask as ask_once
from training.evaluation.inference import at_photo_size


class TestTimeView(NamedTuple):
    """One way to show the photo: how large, as a multiple of the input that the network was trained with, and whether
    mirrored."""

    scale: float
    mirrored: bool


TEST_TIME_VIEWS: Final = (
    TestTimeView(1.0, False),
    TestTimeView(1.0, True),
    TestTimeView(1.25, False),
    TestTimeView(1.25, True),
)
"""What the teacher is asked. docs/self-training.md shows what each look is worth."""


@dataclass(frozen=True, slots=True)
class TeacherPrediction:
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


def ask(teacher: Checkpoint, image: UInt8Array, looks: Sequence[TestTimeView] = TEST_TIME_VIEWS) -> TeacherPrediction:
    """What the teacher says of an upright photo, uint8 (H, W, 3) RGB."""
    return average_views([answer(teacher, image, look) for look in looks], image.shape[0], image.shape[1])


def average_views(answers: Sequence[Answer], height: int, width: int) -> TeacherPrediction:
    """The mean of several answers about one photo of that size."""
    best = np.zeros((height, width), np.float32)
    labels = np.zeros((height, width), np.uint8)
    for label in range(len(answers[0].probabilities)):  # one at a time: all planes of a large photo fill the memory
        planes = [at_photo_size(given.probabilities[label], given.to_grid, height, width) for given in answers]
        mean = np.stack(planes).mean(0)
        better = mean > best
        best[better], labels[better] = mean[better], label
    return TeacherPrediction(labels, best, np.stack([given.joints for given in answers]))


def answer(teacher: Checkpoint, image: UInt8Array, look: TestTimeView) -> Answer:
    """What the teacher says at one look."""
    network, recipe, label_set = teacher.network, teacher.recipe.network, teacher.label_set
    size = {side: _scaled(getattr(recipe, side), look.scale, network.multiple) for side in ("height", "width")}
    shown = np.ascontiguousarray(image[:, ::-1]) if look.mirrored else image
    said = ask_once(network, shown, recipe.model_copy(update=size))
    probabilities, to_grid, joints = said.scores.softmax(0).numpy(), said.to_grid, said.joints
    if look.mirrored:
        last = image.shape[1] - 1
        probabilities, joints = probabilities[label_set.mirrored_labels], joints[label_set.mirrored_joints]
        joints[:, 0] = last - joints[:, 0]
        to_grid[:, 2] += last * to_grid[:, 0]
        to_grid[:, 0] *= -1
    return Answer(probabilities, to_grid, joints)


def _scaled(side: int, scale: float, multiple: int) -> int:
    """A side of the input times ``scale``, as a multiple that the network takes."""
    return multiple * round(side * scale / multiple)
