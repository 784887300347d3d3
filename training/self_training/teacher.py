"""Teacher: a trained network's prediction for a photo, averaged over several views of it (test-time augmentation).

Every view has its own errors. Where all views agree, the prediction is more often right; where they differ, the mean
probability is low, and the rules drop the label.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import FloatArray, UInt8Array
from training.evaluation.inference import resize_to_photo, run_network


class InferenceView(NamedTuple):
    """One view of a photo: ``scale``, a multiple of the input size that the network was trained with, and mirroring."""

    scale: float
    mirrored: bool


INFERENCE_VIEWS: Final = (
    InferenceView(1.0, False),
    InferenceView(1.0, True),
    InferenceView(1.25, False),
    InferenceView(1.25, True),
)
"""The views, in the order in which they are used. docs/self-training.md shows what each adds."""


@dataclass(frozen=True, slots=True)
class TeacherPrediction:
    """The teacher's prediction for a photo.

    ``labels``: uint8 (H, W), the most probable label by the mean of all views; ``confidence``: float32 (H, W), its
    probability. ``joints``: float32 (V, J, 3), every view's joints: x, y in the photo's pixels and score in 0–1.
    """

    labels: UInt8Array
    confidence: FloatArray
    joints: FloatArray


@dataclass(frozen=True, slots=True)
class ViewPrediction:
    """The prediction of one view, with left and right as in the photo.

    ``probabilities``: (L, h, w) on the network's grid. ``to_grid``: affine map (2, 3) from the photo's pixels to cells
    of the grid. ``joints``: (J, 3) as in ``TeacherPrediction``.
    """

    probabilities: FloatArray
    to_grid: FloatArray
    joints: FloatArray


def predict_views(
    teacher: Checkpoint, image: UInt8Array, views: Sequence[InferenceView] = INFERENCE_VIEWS
) -> TeacherPrediction:
    """The teacher's prediction for an upright photo, uint8 (H, W, 3) RGB."""
    return average_views([predict_view(teacher, image, view) for view in views], image.shape[0], image.shape[1])


def average_views(predictions: Sequence[ViewPrediction], height: int, width: int) -> TeacherPrediction:
    """The mean of several views' predictions for one photo of the given size."""
    best = np.zeros((height, width), np.float32)
    labels = np.zeros((height, width), np.uint8)
    for label in range(
        len(predictions[0].probabilities)
    ):  # one at a time: all planes of a large photo do not fit into memory
        planes = [
            resize_to_photo(prediction.probabilities[label], prediction.to_grid, height, width)
            for prediction in predictions
        ]
        mean = np.stack(planes).mean(0)
        better = mean > best
        best[better], labels[better] = mean[better], label
    return TeacherPrediction(labels, best, np.stack([prediction.joints for prediction in predictions]))


def predict_view(teacher: Checkpoint, image: UInt8Array, view: InferenceView) -> ViewPrediction:
    """The teacher's prediction for one view of a photo."""
    network, recipe, label_set = teacher.network, teacher.recipe.network, teacher.label_set
    size = {side: _scaled(getattr(recipe, side), view.scale, network.multiple) for side in ("height", "width")}
    shown = np.ascontiguousarray(image[:, ::-1]) if view.mirrored else image
    output = run_network(network, shown, recipe.model_copy(update=size))
    probabilities, to_grid, joints = output.scores.softmax(0).numpy(), output.to_grid, output.joints
    if view.mirrored:
        last = image.shape[1] - 1
        probabilities, joints = probabilities[label_set.mirrored_labels], joints[label_set.mirrored_joints]
        joints[:, 0] = last - joints[:, 0]
        to_grid[:, 2] += last * to_grid[:, 0]
        to_grid[:, 0] *= -1
    return ViewPrediction(probabilities, to_grid, joints)


def _scaled(side: int, scale: float, multiple: int) -> int:
    """A side of the input times ``scale``, as a multiple that the network takes."""
    return multiple * round(side * scale / multiple)
