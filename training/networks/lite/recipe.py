"""The light network's recipe, and that of ensembles of it."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from training.augmentation.recipe import AugmentationRecipe
from training.networks.recipe import NetworkRecipe, Recipe, TaskWeights
from training.optimizers.adamw import AdamWSchedule
from training.recipes.strict_model import Share, StrictModel

TrunkName = Literal["efficientnet-lite0", "movenet-lightning", "movenet-thunder"]


class LiteNetworkRecipe(NetworkRecipe):
    """One light network."""

    name: Literal["lite"]
    height: int = Field(multiple_of=32)
    width: int = Field(multiple_of=32)
    trunk: TrunkName = "efficientnet-lite0"
    frozen_groups: int = Field(ge=0, description="leading groups of the trunk whose weights are not trained")
    refinements: int = Field(2, ge=0, description="stages after the first one, in which each task reads the other")
    finish_kernel: Literal[3, 5] = Field(5, description="kernel size of the last stage's heads, which run at stride 4")


class LiteEnsembleNetworkRecipe(NetworkRecipe):
    """Several light networks with different trunks, whose answers are averaged."""

    name: Literal["lite-ensemble"]
    height: int = Field(multiple_of=32)
    width: int = Field(multiple_of=32)
    trunks: tuple[TrunkName, ...] = Field(min_length=2, description="one for each member")
    pose_shares: tuple[Share, ...] = Field(description="weight of each member's heat maps; their sum is 1")
    frozen_groups: int = Field(ge=0)
    refinements: int = Field(2, ge=0)
    finish_kernel: Literal[3, 5] = 5

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.pose_shares) != len(self.trunks) or not math.isclose(sum(self.pose_shares), 1):
            raise ValueError("pose_shares names a share for each member, and their sum is 1")
        return self

    def members(self) -> list[LiteNetworkRecipe]:
        """Each member's own recipe."""
        shared = self.model_dump(exclude={"name", "trunks", "pose_shares"})
        return [LiteNetworkRecipe(name="lite", trunk=trunk, **shared) for trunk in self.trunks]


class LiteLossRecipe(StrictModel):
    """Weights of the terms of the loss; a task of weight 0 is not learnt."""

    background: Share = Field(description="weight of the background in the cross-entropy; parts weigh 1")
    parsing: float = Field(1.0, ge=0)
    pose: float = Field(ge=0)
    sigma: float = Field(gt=0, description="of the heat maps, in cells of the network's grid")


class SamplingRecipe(StrictModel):
    """Repeat factor sampling: photos with rare labels are drawn more often (Gupta, Dollár, Girshick, LVIS, 2019)."""

    rare_share: Share = Field(description="a label on a smaller share of the photos than this counts as rare")
    shares: tuple[Share, ...] = Field((), description="of the draws, for each folder of --data; none: by their size")


class LiteRecipe(Recipe):
    """The whole file, for the light network and for ensembles of it."""

    network: Annotated[LiteNetworkRecipe | LiteEnsembleNetworkRecipe, Field(discriminator="name")]
    schedule: AdamWSchedule
    loss: LiteLossRecipe
    sampling: SamplingRecipe
    augmentation: AugmentationRecipe

    @property
    def task_weights(self) -> TaskWeights:
        return TaskWeights(self.loss.parsing, self.loss.pose)

    @property
    def folder_shares(self) -> tuple[float, ...]:
        return self.sampling.shares
