"""What network families for parsing alone share: the form of their recipes, and how an example is made."""

import numpy as np

from training.augmentation.random_view import ViewRecipe, random_view
from training.data.sample import Sample
from training.data.training_dataset import DrawOther, TrainingExample
from training.labels.label_set import LabelSet
from training.networks.recipe import Recipe, TaskWeights
from training.optimizers.sgd import SGDSchedule


class ParserRecipe(Recipe):
    """A recipe of a network without joints, trained with SGD on random views; a family adds its loss."""

    schedule: SGDSchedule
    augmentation: ViewRecipe

    @property
    def task_weights(self) -> TaskWeights:
        return TaskWeights(1.0, 0.0)


def parser_example(
    sample: Sample, recipe: ParserRecipe, label_set: LabelSet, rng: np.random.Generator, _: DrawOther
) -> TrainingExample:
    """A random view of the sample, of the size of the network's input."""
    network = recipe.network
    return random_view(sample, recipe.augmentation, network.height, network.width, network.pad_color, label_set, rng)
