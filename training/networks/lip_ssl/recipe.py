"""LIP_SSL's recipe."""

from typing import Literal

from pydantic import Field

from training.data.fit import RgbColor
from training.networks.parser import ParserRecipe
from training.networks.recipe import NetworkRecipe
from training.recipes.strict_model import StrictModel


class LipSslNetworkRecipe(NetworkRecipe):
    """VGG-16 at three scales with attention."""

    name: Literal["lip_ssl"]
    height: int = Field(multiple_of=8)
    width: int = Field(multiple_of=8)
    slimming: int = Field(1, ge=1, le=32, description="every layer's channels are divided by this; 1 is the original")

    @property
    def pad_color(self) -> RgbColor:
        """The mean colour that the network subtracts."""
        return (123, 117, 104)


class LipSslLossRecipe(StrictModel):
    """Cross-entropy of each scale's scores and of the answer."""

    structure: bool = Field(description="weigh every term by the structure-sensitive loss (Gong et al., 2017)")
    sigma: float = Field(gt=0, description="of that loss's heat maps, in pixels of the input")


class LipSslRecipe(ParserRecipe):
    """The whole file, for LIP_SSL."""

    network: LipSslNetworkRecipe
    loss: LipSslLossRecipe
