"""Several light networks that answer as one, each with a trunk that began with other weights.

Which garment it is and where the elbow lies are different questions, and networks whose trunks have learnt from
ImageNet and from people's joints err on different photos; the mean of what they say is right more often than any of
them (Hansen, Salamon, Neural network ensembles, T-PAMI 1990).
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from training.networks.lite.network import LiteNetwork
from training.networks.lite.recipe import LiteEnsembleNetworkRecipe
from training.networks.network import Network
from training.networks.stage import Stage


class LiteEnsemble(Network):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → the mean of the members' stages, at stride 4.

    In the mean of heat maps each member counts by its share of ``pose_shares``: some know less of poses.
    """

    stride = LiteNetwork.stride
    origin = LiteNetwork.origin
    multiple = LiteNetwork.multiple

    def __init__(self, members: list[LiteNetwork], pose_shares: tuple[float, ...]) -> None:
        super().__init__()
        self.members, self.pose_shares = nn.ModuleList(members), pose_shares

    @classmethod
    def from_recipe(cls, recipe: LiteEnsembleNetworkRecipe, labels: int, joints: int) -> Self:
        """The network with random weights, the members' leading groups not to be trained."""
        members = [LiteNetwork.from_recipe(member, labels, joints) for member in recipe.members()]
        return cls(members, recipe.pose_shares)

    def forward(self, images: Tensor) -> list[Stage]:
        said = [member(images) for member in self.members]
        return [self.mean_stage(stages) for stages in zip(*said, strict=True)]

    def mean_stage(self, stages: tuple[Stage, ...]) -> Stage:
        """The mean of the members' answers at one stage."""
        parsing = torch.stack([stage.parsing for stage in stages]).mean(0)
        weighed = [share * stage.pose for share, stage in zip(self.pose_shares, stages, strict=True)]
        return Stage(parsing, torch.stack(weighed).sum(0))

    def load_pretrained(self, file: Path | None) -> None:
        """Raises ValueError: its members begin by themselves (training.ensemble)."""
        raise ValueError(
            "an ensemble begins with networks that are trained already: make it of them with training.ensemble, and "
            "name what that writes (--from)"
        )

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The trunks'; they learn more slowly."""
        return [parameter for member in self.members for parameter in member.pretrained_parameters()]  # type: ignore[operator]
