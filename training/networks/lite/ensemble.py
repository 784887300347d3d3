"""Ensemble of light networks with different pretrained trunks: the mean of their predictions.

Networks whose trunks were pretrained on ImageNet and on people's joints make different errors, and their mean is right
more often than any of them (Hansen, Salamon, "Neural network ensembles", T-PAMI 1990).
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from training.errors.input_error import InputError
from training.networks.lite.network import LiteNetwork
from training.networks.lite.recipe import LiteEnsembleNetworkRecipe
from training.networks.network import Network
from training.networks.stage import Stage


class LiteEnsemble(Network):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → the mean of the members' stages, at stride 4.

    The mean of heat maps is weighted by ``pose_shares``: some members are better at poses than others.
    """

    stride = LiteNetwork.stride
    origin = LiteNetwork.origin
    multiple = LiteNetwork.multiple

    def __init__(self, members: list[LiteNetwork], pose_shares: tuple[float, ...]) -> None:
        super().__init__()
        self.members, self.pose_shares = nn.ModuleList(members), pose_shares

    @classmethod
    def from_recipe(cls, recipe: LiteEnsembleNetworkRecipe, labels: int, joints: int) -> Self:
        """The ensemble with random weights; the members' leading groups are frozen."""
        members = [LiteNetwork.from_recipe(member, labels, joints) for member in recipe.members()]
        return cls(members, recipe.pose_shares)

    def forward(self, images: Tensor) -> list[Stage]:
        said = [member(images) for member in self.members]
        return [self.mean_stage(stages) for stages in zip(*said, strict=True)]

    def mean_stage(self, stages: tuple[Stage, ...]) -> Stage:
        """The mean of the members' predictions at one stage."""
        parsing = torch.stack([stage.parsing for stage in stages]).mean(0)
        weighed = [share * stage.pose for share, stage in zip(self.pose_shares, stages, strict=True)]
        return Stage(parsing, torch.stack(weighed).sum(0))

    def load_pretrained(self, file: Path | None) -> None:
        """Raises InputError: an ensemble is made of trained members (training.ensemble)."""
        raise InputError(
            "an ensemble has no pretrained weights of its own: make one of trained networks with training.ensemble, "
            "and train on from its checkpoint (--from)"
        )

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The parameters of all trunks."""
        return [parameter for member in self.members for parameter in member.pretrained_parameters()]  # type: ignore[operator]
