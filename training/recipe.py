"""A recipe: everything that decides what a training run gives, from one small TOML file in ``presets/``.

Each network has a recipe of its own form, so that every key is one that its run uses; ``network.name`` says which.
"""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, model_validator

PRESETS = Path(__file__).parent / "presets"

Share = Annotated[float, Field(ge=0, le=1)]
FitMode = Literal["letterbox", "squash"]
TrunkName = Literal["efficientnet-lite0", "movenet-lightning", "movenet-thunder"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NetworkRecipe(_Strict):
    """Which network, the size of its input in pixels, and how a photo is fitted to it."""

    name: str
    height: int = Field(multiple_of=8)
    width: int = Field(multiple_of=8)
    fit: FitMode = "letterbox"


class LiteNetworkRecipe(NetworkRecipe):
    name: Literal["lite"]
    height: int = Field(multiple_of=32)
    width: int = Field(multiple_of=32)
    trunk: TrunkName = "efficientnet-lite0"
    frozen_groups: int = Field(ge=0, description="leading groups of the trunk that keep the weights they begin with")
    refinements: int = Field(2, ge=0, description="stages after the first answer, in which each task reads the other")
    finish_kernel: Literal[3, 5] = Field(5, description="of the last stage at stride 4, where a CPU pays for width")


class LiteEnsembleNetworkRecipe(NetworkRecipe):
    """Light networks that differ in their trunks and answer as one."""

    name: Literal["lite-ensemble"]
    height: int = Field(multiple_of=32)
    width: int = Field(multiple_of=32)
    trunks: tuple[TrunkName, ...] = Field(min_length=2, description="one for each member")
    pose_shares: tuple[Share, ...] = Field(description="how much each member's heat maps count; their sum is 1")
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


class JPPNetNetworkRecipe(NetworkRecipe):
    slimming: int = Field(1, ge=1, le=32, description="every layer's channels are divided by this; 1 is the original")


class ScheduleRecipe(_Strict):
    """How long and how fast. One epoch draws as many photos as the training split has."""

    epochs: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    clip_norm: float | None = Field(None, gt=0, description="the gradient's largest norm")
    ema_decay: Share = Field(description="of the averaged weights, which are the ones that are kept; 0: the last ones")
    seed: int


class AdamWRecipe(ScheduleRecipe):
    """Linear warm-up, then half a cosine to zero."""

    trunk_learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_epochs: int = Field(ge=0)


class SGDRecipe(ScheduleRecipe):
    """The learning rate falls as (1 − done) to the ``power``."""

    momentum: Share
    power: float = Field(gt=0)


class LiteLossRecipe(_Strict):
    """Weights of the terms of the loss; a task whose weight is 0 is not learnt."""

    background: Share
    parsing: float = Field(1.0, ge=0)
    pose: float = Field(ge=0)
    sigma: float = Field(gt=0, description="of the heat maps, in cells of the network's grid")


class JPPNetLossRecipe(_Strict):
    """The original's loss: every stage at every scale of the input, and their mean."""

    scales: tuple[float, ...] = Field(description="of the input; the first must be 1")
    pose: float = Field(ge=0, description="weight of the pose terms; the parsing terms weigh 1")
    sigma: float = Field(gt=0, description="of the heat maps, in pixels of the photo")
    window: int = Field(gt=0, description="a heat map ends so many photo pixels from its joint")
    structure: bool = Field(description="weigh the parsing terms by the structure-sensitive loss (Gong et al., 2017)")


class SamplingRecipe(_Strict):
    """Photos with rare labels are drawn more often (repeat factors; Gupta, Dollár, Girshick, LVIS, 2019)."""

    rare_share: Share = Field(description="labels on a smaller share of the photos than this count as rare")
    shares: tuple[Share, ...] = Field((), description="of the draws, for each folder of --data; none: by their size")


class AugmentationRecipe(_Strict):
    """How far a training photo may be changed. Probabilities and strengths in 0–1.

    Checkpoints of runs that had not all of these keys are read as what they were: without them.
    """

    empty: Share = Field(0.0, description="of the views: a part of the photo that shows nobody, if it has one")
    company: Share = Field(0.0, description="of the views: another photo's person beside the photo's own")
    distance: Share = Field(0.0, description="of the other views: the person small, before another photo's background")
    mirror: Share
    half_body: Share
    scale: tuple[float, float]
    rotation: float = Field(ge=0, le=180, description="standard deviation in degrees")
    rotation_probability: Share
    turn: Share = Field(0.0, description="of the views: turned by any angle, upside-down too")
    shift: Share = Field(description="of the input's size")
    occluder: Share
    color: Share
    low_light: Share = Field(0.0, description="of the views: darkened, with a sensor's noise")
    degrade: Share


class JPPNetAugmentationRecipe(_Strict):
    """The original's: mirrored, resized to the input's size times ``scale``, then cropped or padded to it."""

    mirror: Share
    scale: tuple[float, float]


class LiteRecipe(_Strict):
    """The whole file, for the light network and for ensembles of it."""

    description: str
    network: Annotated[LiteNetworkRecipe | LiteEnsembleNetworkRecipe, Field(discriminator="name")]
    schedule: AdamWRecipe
    loss: LiteLossRecipe
    sampling: SamplingRecipe
    augmentation: AugmentationRecipe


class JPPNetRecipe(_Strict):
    """The whole file, for the original network."""

    description: str
    network: JPPNetNetworkRecipe
    schedule: SGDRecipe
    loss: JPPNetLossRecipe
    augmentation: JPPNetAugmentationRecipe


def _form(content: Any) -> Any:
    """The form of a recipe: the first word of its network's name."""
    name = content.get("network", {}).get("name") if isinstance(content, dict) else content.network.name
    return name.partition("-")[0] if isinstance(name, str) else name


Recipe = Annotated[Annotated[LiteRecipe, Tag("lite")] | Annotated[JPPNetRecipe, Tag("jppnet")], Discriminator(_form)]

_ADAPTER: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def parse_recipe(content: dict[str, Any]) -> Recipe:
    """A recipe from its keys. Raises pydantic's ValidationError; unknown keys are refused."""
    return _ADAPTER.validate_python(content)


def load_recipe(name: str) -> Recipe:
    """A preset by name, or any TOML file by path. Unknown keys are refused."""
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(preset.stem for preset in PRESETS.glob("*.toml")))
        raise FileNotFoundError(f"no recipe {name!r}: give the path of a .toml file or one of: {known}")
    return parse_recipe(tomllib.loads(path.read_text()))
