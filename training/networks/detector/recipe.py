"""Recipe of the person detector: everything that decides the result of a training run."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from training.optimizers.relative_adamw import RelativeAdamWSchedule
from training.recipes.recipe_error import RecipeError, validated
from training.recipes.recipe_file import read_recipe_file
from training.recipes.strict_model import Share, StrictModel

PRESETS: Final = Path(__file__).parents[2] / "presets" / "detectors"
"""The detector's preset recipes, beside those of ``training.train``."""

TrunkName = Literal["movenet-lightning", "movenet-multipose", "movenet-thunder"]


class DetectorNetworkRecipe(StrictModel):
    """Which trunk, and how much of it keeps the weights it begins with."""

    name: Literal["detector"]
    trunk: TrunkName
    frozen_groups: int = Field(ge=0, description="leading groups of the trunk that are not trained")


class DetectorLossRecipe(StrictModel):
    """Weights of the loss's terms, and how wide a person's Gaussian is."""

    center: float = Field(gt=0)
    box: float = Field(gt=0)
    spread: float = Field(gt=0, description="standard deviation of a person's Gaussian, as a share of the box's sides")
    doubtful: Share = Field(description="how much a doubtful area counts as one without people")


class DetectorSamplingRecipe(StrictModel):
    """What a training picture is drawn from. The rest of the draws are Open Images photos."""

    nobody: Share = Field(description="of the draws: garments without people")
    street: Share = Field(description="of the draws: street photos of one person")
    rendered: Share = Field(description="of the draws: rendered people, alone and in groups")
    mosaic: Share = Field(description="of the pictures: four draws, side by side")
    distinct_epochs: int = Field(gt=0, description="epochs of pictures that are drawn; later ones see them again")


class DetectorAugmentationRecipe(StrictModel):
    """How far a training picture may be changed. Probabilities and strengths in 0–1, but for sizes and scales."""

    sides: tuple[int, ...] = Field(description="of the squares that have as many pixels as the network's input")
    aspects: tuple[float, ...] = Field(description="of the input, width to height; one is drawn for each batch")
    scale: tuple[float, float] = Field(description="of the photo, beside what gives it as many pixels as the input")
    squeeze: Share = Field(description="of the photos: squeezed to a square, as they are handed out")
    stretch: float = Field(ge=0, description="standard deviation of the logarithm of the other photos' aspects")
    mirror: Share
    color: Share
    low_light: Share
    degrade: Share


class DetectorRecipe(StrictModel):
    """The whole file."""

    description: str
    network: DetectorNetworkRecipe
    schedule: RelativeAdamWSchedule
    loss: DetectorLossRecipe
    sampling: DetectorSamplingRecipe
    augmentation: DetectorAugmentationRecipe


def load_detector_recipe(name: str) -> DetectorRecipe:
    """A preset by name, or any TOML file by path. Raises FileNotFoundError that lists the presets, and RecipeError."""
    content = read_recipe_file(name, PRESETS)
    try:
        return validated(DetectorRecipe, content)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None
