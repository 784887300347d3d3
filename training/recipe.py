"""A recipe: everything that decides what a training run gives, from one small TOML file in ``presets/``."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PRESETS = Path(__file__).parent / "presets"

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NetworkRecipe(_Strict):
    """Which network, and the size of its input in pixels."""

    name: str
    height: int = Field(multiple_of=32)
    width: int = Field(multiple_of=32)
    frozen_groups: int = Field(ge=0, description="leading groups of the trunk that keep their ImageNet weights")


class ScheduleRecipe(_Strict):
    """How long and how fast. One epoch draws as many photos as the training split has."""

    epochs: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    trunk_learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_epochs: int = Field(ge=0)
    clip_norm: float = Field(gt=0, description="the gradient's largest norm")
    ema_decay: Share = Field(description="of the averaged weights, which are the ones that are kept")
    seed: int


class LossRecipe(_Strict):
    """Weights of the terms of the loss."""

    background: Share
    pose: float = Field(ge=0)
    sigma: float = Field(gt=0, description="of the heat maps, in cells of the network's grid")


class SamplingRecipe(_Strict):
    """Photos with rare labels are drawn more often (repeat factors; Gupta, Dollár, Girshick, LVIS, 2019)."""

    rare_share: Share = Field(description="labels on a smaller share of the photos than this count as rare")


class AugmentationRecipe(_Strict):
    """How far a training photo may be changed. Probabilities and strengths in 0–1."""

    mirror: Share
    half_body: Share
    scale: tuple[float, float]
    rotation: float = Field(ge=0, le=180, description="standard deviation in degrees")
    rotation_probability: Share
    shift: Share = Field(description="of the input's size")
    occluder: Share
    color: Share
    degrade: Share


class Recipe(_Strict):
    """The whole file."""

    description: str
    network: NetworkRecipe
    schedule: ScheduleRecipe
    loss: LossRecipe
    sampling: SamplingRecipe
    augmentation: AugmentationRecipe


def load_recipe(name: str) -> Recipe:
    """A preset by name, or any TOML file by path. Unknown keys are refused."""
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(preset.stem for preset in PRESETS.glob("*.toml")))
        raise FileNotFoundError(f"no recipe {name!r}: give the path of a .toml file or one of: {known}")
    return Recipe.model_validate(tomllib.loads(path.read_text()))
