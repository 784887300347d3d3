"""The light joint network: a pretrained trunk, a small decoder, and JPPNet's refinement stages.

As in JPPNet (Liang et al., T-PAMI 2018), refinement stages after the first prediction read the features together with
the last stage's predictions of both tasks, so that each task corrects the other; every stage is supervised.

Resolution follows cost. Layers that need a view of the whole body run at stride 8 with many channels, and so do the
heads of all stages but the last. Only the last stage's heads run at stride 4, with few channels, for sharp borders and
peaks.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.lite.efficientnet_lite import EfficientNetLite
from training.networks.lite.recipe import LiteNetworkRecipe, TrunkName
from training.networks.movenet import LIGHTNING, THUNDER, MoveNet
from training.networks.network import Network
from training.networks.stage import Stage, no_heat_maps, softmax_of_labels

TRUNKS: Final[Mapping[TrunkName, Callable[[], EfficientNetLite | MoveNet]]] = {
    "efficientnet-lite0": EfficientNetLite,
    "movenet-lightning": partial(MoveNet, LIGHTNING),
    "movenet-thunder": partial(MoveNet, THUNDER),
}

CONTEXT = 128
"""Channels at stride 8 and coarser."""

HEAD = 64
"""Channels of the heads at stride 8."""

DETAIL = 48
"""Channels at stride 4."""


def separable(channels_in: int, channels_out: int, kernel: int) -> nn.Sequential:
    """Depth-wise k×k, then 1×1, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, kernel, padding=kernel // 2, groups=channels_in, bias=False),
        nn.BatchNorm2d(channels_in),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def pointwise(channels_in: int, channels_out: int) -> nn.Sequential:
    """1×1 convolution with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True)
    )


def upsample_2x(x: Tensor) -> Tensor:
    """Up-sampling to twice the height and width, bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def upsample_stage(stage: Stage) -> Stage:
    """A stage up-sampled to a grid twice as fine."""
    parsing = upsample_2x(stage.parsing)
    return Stage(parsing, upsample_2x(stage.pose) if stage.pose.shape[1] else no_heat_maps(parsing))


def add_stages(last: Stage, change: Stage) -> Stage:
    """The sum of the last stage and a change to it (residual refinement)."""
    return Stage(last.parsing + change.parsing, last.pose + change.pose)


class Decoder(nn.Module):
    """Feature pyramid decoder: trunk features at strides 8–32 → ``CONTEXT`` channels at stride 8.

    The coarsest level has the mean over the whole photo added: what a garment is often depends on the rest.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.scene = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels[-1], CONTEXT, 1), nn.ReLU(inplace=True))
        self.laterals = nn.ModuleList(pointwise(count, CONTEXT) for count in channels)
        self.merges = nn.ModuleList(separable(CONTEXT, CONTEXT, 5) for _ in channels)

    def forward(self, taps: list[Tensor]) -> Tensor:
        context: Tensor = self.merges[-1](self.laterals[-1](taps[-1]) + self.scene(taps[-1]))
        for level in reversed(range(len(taps) - 1)):
            context = self.merges[level](self.laterals[level](taps[level]) + upsample_2x(context))
        return context


class Heads(nn.Module):
    """Prediction heads: features → label scores and joint heat maps, one branch per task; without joints, no pose."""

    def __init__(self, features: int, inner: int, labels: int, joints: int, kernel: int = 5) -> None:
        super().__init__()
        self.parsing = nn.Sequential(separable(features, inner, kernel), nn.Conv2d(inner, labels, 1))
        self.pose = nn.Sequential(separable(features, inner, kernel), nn.Conv2d(inner, joints, 1)) if joints else None
        if self.pose:  # heat maps are almost empty, so start from empty ones
            nn.init.normal_(self.pose.get_parameter("1.weight"), std=0.001)

    def forward(self, features: Tensor) -> Stage:
        parsing = self.parsing(features)
        return Stage(parsing, self.pose(features) if self.pose else no_heat_maps(parsing))

    def zero_init(self) -> Self:
        """Zero-initialise the last layers' weights, so that as a residual the heads change nothing at first."""
        for branch in filter(None, (self.parsing, self.pose)):
            nn.init.zeros_(branch.get_parameter("1.weight"))
        return self


class TaskFusion(nn.Module):
    """Fusion of the tasks: features and the last stage's predictions of both tasks → features, all at stride 8."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.join = pointwise(CONTEXT + labels + joints, CONTEXT)
        self.look_around = separable(CONTEXT, CONTEXT, 7)

    def forward(self, context: Tensor, last: Stage) -> Tensor:
        joined: Tensor = self.join(torch.cat([context, softmax_of_labels(last.parsing), last.pose], 1))
        around: Tensor = self.look_around(joined)
        return joined + around


class FinalHeads(nn.Module):
    """The last stage's heads, at stride 4: from the features at stride 8 and the trunk's at stride 4."""

    def __init__(self, detail: int, labels: int, joints: int, kernel: int) -> None:
        super().__init__()
        self.narrow = pointwise(CONTEXT, DETAIL)
        self.lateral = pointwise(detail, DETAIL)
        self.heads = Heads(DETAIL, DETAIL, labels, joints, kernel).zero_init()

    def forward(self, joined: Tensor, detail: Tensor) -> Stage:
        stage: Stage = self.heads(self.lateral(detail) + upsample_2x(self.narrow(joined)))
        return stage


class LiteNetwork(Network):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → 1 + ``refinements`` stages at stride 4.

    Each stage adds a residual to the one before it. Without refinements the only stage is the first prediction, at
    stride 4. Names of modules are names of weights in checkpoints.
    """

    stride = 4
    origin = 1.5
    multiple = 32

    def __init__(
        self,
        labels: int,
        joints: int,
        refinements: int,
        trunk: TrunkName = "efficientnet-lite0",
        finish_kernel: int = 5,
    ) -> None:
        super().__init__()
        self.trunk = TRUNKS[trunk]()
        detail, *coarse = self.trunk.tap_channels
        self.decoder = Decoder(tuple(coarse))
        self.heads = Heads(CONTEXT, HEAD, labels, joints)
        self.joins = nn.ModuleList(TaskFusion(labels, joints) for _ in range(refinements))
        self.changes = nn.ModuleList(Heads(CONTEXT, HEAD, labels, joints).zero_init() for _ in range(refinements - 1))
        self.finish = FinalHeads(detail, labels, joints, finish_kernel)

    @classmethod
    def from_recipe(cls, recipe: LiteNetworkRecipe, labels: int, joints: int) -> Self:
        """The network with random weights; the recipe's leading groups of the trunk are frozen."""
        network = cls(labels, joints, recipe.refinements, recipe.trunk, recipe.finish_kernel)
        network.trunk.freeze_early(recipe.frozen_groups)
        return network

    def forward(self, images: Tensor) -> list[Stage]:
        detail, *coarse = self.trunk(images)
        context = self.decoder(coarse)
        answer: Stage = self.heads(context)
        stages = [upsample_stage(answer)]
        for join, change in zip(self.joins[:-1], self.changes, strict=True):
            answer = add_stages(answer, change(join(context, answer)))
            stages.append(upsample_stage(answer))
        known = self.joins[-1](context, answer) if self.joins else context
        last = add_stages(stages[-1], self.finish(known, detail))
        return [*stages[: len(self.joins)], last]

    def load_pretrained(self, file: Path | None) -> None:
        """Load the trunk's published weights."""
        self.trunk.load_pretrained(file)

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The parameters of the trunk."""
        return list(self.trunk.parameters())
