"""The light network's training examples."""

import numpy as np
import torch

from training.augmentation.augment import augment
from training.data.heat_maps import heat_maps
from training.data.sample import Sample
from training.data.training_dataset import DrawOther, TrainingExample
from training.labels.label_set import LabelSet
from training.networks.lite.network import LiteNetwork
from training.networks.lite.recipe import LiteRecipe


def lite_example(
    sample: Sample, recipe: LiteRecipe, label_set: LabelSet, rng: np.random.Generator, draw_other: DrawOther
) -> TrainingExample:
    """An augmented view of a sample: image uint8 (3, H, W), labels (H/2, W/2), heat maps (J, H/4, W/4)."""
    height, width = recipe.network.height, recipe.network.width
    view = augment(sample, recipe.augmentation, height, width, label_set, rng, draw_other)
    maps, weights = heat_maps(view.joints, height, width, LiteNetwork.stride, recipe.loss.sigma)
    return TrainingExample(
        torch.from_numpy(view.image).permute(2, 0, 1),
        torch.from_numpy(view.labels).long(),
        torch.from_numpy(maps),
        torch.from_numpy(weights),
    )
