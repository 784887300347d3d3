"""The light joint network: a trained trunk, a small decoder, and JPPNet's refinement.

JPPNet's idea (Liang et al., T-PAMI 2018) is kept: after a first answer for parts and joints, refinement stages read
the features together with both last answers, so that each task corrects the other, and every stage is supervised.

Where things happen is a matter of cost. What needs to see the whole body works at stride 8, where it can be wide, and
so do all answers but the last; maps at stride 4 are large, so they are narrow, and only the last stage's borders and
peaks are drawn there.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.lite.efficientnet_lite import EfficientNetLite
from training.networks.lite.movenet import LIGHTNING, THUNDER, MoveNet
from training.networks.lite.recipe import LiteNetworkRecipe, TrunkName
from training.networks.network import Network
from training.networks.stage import Stage, softmax_of_labels

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


def double(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def enlarged(stage: Stage) -> Stage:
    """A stage on a grid twice as fine."""
    return Stage(double(stage.parsing), double(stage.pose))


def added(last: Stage, change: Stage) -> Stage:
    """What the last stage said, changed."""
    return Stage(last.parsing + change.parsing, last.pose + change.pose)


class Decoder(nn.Module):
    """Trunk features at strides 8–32 → ``CONTEXT`` channels at stride 8.

    The mean over the whole photo joins at the coarsest level: what a garment is often depends on the rest.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.scene = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels[-1], CONTEXT, 1), nn.ReLU(inplace=True))
        self.laterals = nn.ModuleList(pointwise(count, CONTEXT) for count in channels)
        self.merges = nn.ModuleList(separable(CONTEXT, CONTEXT, 5) for _ in channels)

    def forward(self, taps: list[Tensor]) -> Tensor:
        context: Tensor = self.merges[-1](self.laterals[-1](taps[-1]) + self.scene(taps[-1]))
        for level in reversed(range(len(taps) - 1)):
            context = self.merges[level](self.laterals[level](taps[level]) + double(context))
        return context


class Heads(nn.Module):
    """Features → scores of labels and heat maps of joints, a branch a task."""

    def __init__(self, features: int, inner: int, labels: int, joints: int, kernel: int = 5) -> None:
        super().__init__()
        self.parsing = nn.Sequential(separable(features, inner, kernel), nn.Conv2d(inner, labels, 1))
        self.pose = nn.Sequential(separable(features, inner, kernel), nn.Conv2d(inner, joints, 1))
        # Heat maps are almost empty, so start from empty ones.
        nn.init.normal_(self.pose.get_parameter("1.weight"), std=0.001)

    def forward(self, features: Tensor) -> Stage:
        return Stage(self.parsing(features), self.pose(features))

    def start_silent(self) -> Self:
        """Begin with answers that are the same everywhere, so that what adds them up is changed by nothing at first."""
        for branch in (self.parsing, self.pose):
            nn.init.zeros_(branch.get_parameter("1.weight"))
        return self


class Join(nn.Module):
    """Features and both last answers → features that know of the answers, all at stride 8."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.join = pointwise(CONTEXT + labels + joints, CONTEXT)
        self.look_around = separable(CONTEXT, CONTEXT, 7)

    def forward(self, context: Tensor, last: Stage) -> Tensor:
        joined: Tensor = self.join(torch.cat([context, softmax_of_labels(last.parsing), last.pose], 1))
        around: Tensor = self.look_around(joined)
        return joined + around


class Finish(nn.Module):
    """The last stage's answers at stride 4: what is known at stride 8, and the trunk's detail."""

    def __init__(self, detail: int, labels: int, joints: int, kernel: int) -> None:
        super().__init__()
        self.narrow = pointwise(CONTEXT, DETAIL)
        self.lateral = pointwise(detail, DETAIL)
        self.heads = Heads(DETAIL, DETAIL, labels, joints, kernel).start_silent()

    def forward(self, joined: Tensor, detail: Tensor) -> Stage:
        stage: Stage = self.heads(self.lateral(detail) + double(self.narrow(joined)))
        return stage


class LiteNetwork(Network):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → 1 + ``refinements`` stages at stride 4.

    Each stage adds to what the one before it said. Without refinements the only stage is the first answer, drawn at
    stride 4.
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
        self.joins = nn.ModuleList(Join(labels, joints) for _ in range(refinements))
        self.changes = nn.ModuleList(
            Heads(CONTEXT, HEAD, labels, joints).start_silent() for _ in range(refinements - 1)
        )
        self.finish = Finish(detail, labels, joints, finish_kernel)

    @classmethod
    def from_recipe(cls, recipe: LiteNetworkRecipe, labels: int, joints: int) -> Self:
        """The network with random weights, the recipe's leading groups not to be trained."""
        network = cls(labels, joints, recipe.refinements, recipe.trunk, recipe.finish_kernel)
        network.trunk.freeze_early(recipe.frozen_groups)
        return network

    def forward(self, images: Tensor) -> list[Stage]:
        detail, *coarse = self.trunk(images)
        context = self.decoder(coarse)
        answer: Stage = self.heads(context)
        stages = [enlarged(answer)]
        for join, change in zip(self.joins[:-1], self.changes, strict=True):
            answer = added(answer, change(join(context, answer)))
            stages.append(enlarged(answer))
        known = self.joins[-1](context, answer) if self.joins else context
        last = added(stages[-1], self.finish(known, detail))
        return [*stages[: len(self.joins)], last]

    def load_pretrained(self, file: Path | None) -> None:
        """Fill the trunk with the weights that its makers trained."""
        self.trunk.load_pretrained(file)

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The trunk's; they learn more slowly."""
        return list(self.trunk.parameters())
