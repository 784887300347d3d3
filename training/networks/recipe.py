"""Recipe: everything that decides the result of a training run. The base form, which every network family extends."""

from abc import abstractmethod
from typing import NamedTuple

from pydantic import Field

from training.data.fit import PAD_COLOR, FitMode, RgbColor
from training.optimizers.schedule import Schedule
from training.recipes.run_recipe import RunRecipe
from training.recipes.strict_model import StrictModel


class NetworkRecipe(StrictModel):
    """Which network, the size of its input in pixels, and how a photo is fitted to it."""

    name: str
    height: int = Field(gt=0)
    width: int = Field(gt=0)
    fit: FitMode = "letterbox"

    @property
    def pad_color(self) -> RgbColor:
        """RGB of what lies outside the photo in a letter-boxed input; the network's own, not the recipe's."""
        return PAD_COLOR


class TaskWeights(NamedTuple):
    """Weight of each task in the loss; a task of weight 0 is not learnt."""

    parsing: float
    pose: float


class Recipe(StrictModel):
    """The tables that every recipe has; a family's own form adds its loss, sampling and augmentation."""

    description: str
    network: NetworkRecipe
    schedule: Schedule
    run: RunRecipe = RunRecipe()

    @property
    @abstractmethod
    def task_weights(self) -> TaskWeights:
        """Weight of each task in the loss."""

    @property
    def folder_shares(self) -> tuple[float, ...]:
        """Share of the draws that each prepared folder gets; empty: in proportion to their sizes."""
        return ()
