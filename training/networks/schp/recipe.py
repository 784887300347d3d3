"""SCHP's recipe."""

from typing import Literal

from pydantic import Field

from training.data.fit import RgbColor
from training.networks.parser import ParserRecipe
from training.networks.recipe import NetworkRecipe
from training.recipes.strict_model import StrictModel


class SchpNetworkRecipe(NetworkRecipe):
    """ResNet-101 with pyramid context, edge branch and fusion."""

    name: Literal["schp"]
    slimming: int = Field(1, ge=1, le=16, description="every layer's channels are divided by this; 1 is the original")

    @property
    def pad_color(self) -> RgbColor:
        """Black, as in the authors' warp."""
        return (0, 0, 0)


class SchpLossRecipe(StrictModel):
    """Weights of the terms of the loss."""

    edge: float = Field(ge=0, description="of the cross-entropy of the borders; the parsing terms weigh 1")


class SchpRecipe(ParserRecipe):
    """The whole file, for SCHP."""

    network: SchpNetworkRecipe
    loss: SchpLossRecipe
