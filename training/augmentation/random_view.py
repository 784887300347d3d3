"""Random view: a sample for parsing alone, mirrored, scaled, turned and placed at random."""

import cv2
import numpy as np
import torch
from pydantic import Field

from training.augmentation.affine import warp_image
from training.data.fit import RgbColor
from training.data.mirror import mirror
from training.data.sample import Sample
from training.data.training_dataset import TrainingExample
from training.labels.label_set import IGNORE, LabelSet
from training.recipes.strict_model import Share, StrictModel


class ViewRecipe(StrictModel):
    """The photo is fitted to the input, then scaled and turned; what is too large is cropped at random."""

    mirror: Share
    scale: tuple[float, float]
    rotation: float = Field(0.0, ge=0, description="standard deviation, degrees; twice that at most")


def random_view(
    sample: Sample,
    recipe: ViewRecipe,
    height: int,
    width: int,
    pad_color: RgbColor,
    label_set: LabelSet,
    rng: np.random.Generator,
) -> TrainingExample:
    """An augmented view: image uint8 (3, height, width), labels (height, width), 255 outside the photo; no joints."""
    if rng.random() < recipe.mirror:
        sample = mirror(sample, label_set.without_joints())
    photo_height, photo_width = sample.image.shape[:2]
    scale = min(width / photo_width, height / photo_height) * float(np.exp(rng.uniform(*np.log(recipe.scale))))
    angle = float(np.clip(rng.normal(0, recipe.rotation), -2 * recipe.rotation, 2 * recipe.rotation))
    center = (photo_width / 2 - 0.5, photo_height / 2 - 0.5)
    matrix = np.asarray(cv2.getRotationMatrix2D(center, angle, scale), np.float64)
    slack = np.array([width - scale * photo_width, height - scale * photo_height])
    matrix[:, 2] += np.array([width, height]) / 2 - 0.5 - center + slack * rng.uniform(-0.5, 0.5, 2)
    image = warp_image(sample.image, matrix, height, width, pad_color)
    labels = cv2.warpAffine(sample.labels, matrix, (width, height), flags=cv2.INTER_NEAREST, borderValue=(IGNORE,))
    return TrainingExample(
        torch.from_numpy(image).permute(2, 0, 1),
        torch.from_numpy(np.asarray(labels)).long(),
        torch.zeros(0, 1, 1),
        torch.zeros(0),
    )
