"""JPPNet's recipe."""

from typing import Literal

from pydantic import Field

from training.networks.recipe import NetworkRecipe, Recipe, TaskWeights
from training.optimizers.sgd import SGDSchedule
from training.recipes.strict_model import Share, StrictModel


class JPPNetNetworkRecipe(NetworkRecipe):
    """JPPNet with two refinement stages."""

    name: Literal["jppnet"]
    height: int = Field(multiple_of=8)
    width: int = Field(multiple_of=8)
    slimming: int = Field(1, ge=1, le=32, description="every layer's channels are divided by this; 1 is the original")


class JPPNetLossRecipe(StrictModel):
    """The original's loss: every stage at every scale of the input, and their mean."""

    scales: tuple[float, ...] = Field(description="of the input; the first must be 1")
    pose: float = Field(ge=0, description="weight of the pose terms; the parsing terms weigh 1")
    sigma: float = Field(gt=0, description="of the heat maps, in pixels of the photo")
    window: int = Field(gt=0, description="a heat map ends this many photo pixels from its joint")
    structure: bool = Field(description="weigh the parsing terms by the structure-sensitive loss (Gong et al., 2017)")


class JPPNetAugmentationRecipe(StrictModel):
    """The original's: mirrored, resized to the input's size times ``scale``, then cropped or padded to it."""

    mirror: Share
    scale: tuple[float, float]


class JPPNetRecipe(Recipe):
    """The whole file, for the original network."""

    network: JPPNetNetworkRecipe
    schedule: SGDSchedule
    loss: JPPNetLossRecipe
    augmentation: JPPNetAugmentationRecipe

    @property
    def task_weights(self) -> TaskWeights:
        return TaskWeights(1.0, self.loss.pose)
