"""The light joint network: an EfficientNet-Lite0 trunk, a small decoder, and JPPNet's refinement.

JPPNet's idea (Liang et al., T-PAMI 2018) is kept: after a first answer for parts and joints, refinement stages read
the features together with both last answers, so that each task corrects the other, and every stage is supervised.

Where things happen is a matter of cost. Maps at stride 4 are large, so they are narrow and carry only detail and the
answers; what needs to see the whole body works at stride 8, where it can be wide.
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.efficientnet_lite import TAP_CHANNELS, EfficientNetLite0
from training.networks.network import Network
from training.networks.stage import Stage
from training.recipe import LiteNetworkRecipe

CONTEXT = 128
"""Channels at stride 8 and coarser."""

DETAIL = 64
"""Channels at stride 4."""

REFINEMENTS = 2


def separable(channels_in: int, channels_out: int, kernel: int) -> nn.Sequential:
    """Depth-wise k×k, then 1×1, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, kernel, padding=kernel // 2, groups=channels_in, bias=False),
        nn.BatchNorm2d(channels_in),
        nn.ReLU(),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def pointwise(channels_in: int, channels_out: int) -> nn.Sequential:
    """1×1 convolution with batch norm and ReLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU())


def double(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """Trunk features at strides 4–32 → ``CONTEXT`` channels at stride 8 and ``DETAIL`` channels at stride 4.

    The mean over the whole photo joins at the coarsest level: what a garment is often depends on the rest.
    """

    def __init__(self) -> None:
        super().__init__()
        detail, *coarse = TAP_CHANNELS
        self.scene = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(coarse[-1], CONTEXT, 1), nn.ReLU())
        self.laterals = nn.ModuleList(pointwise(channels, CONTEXT) for channels in coarse)
        self.merges = nn.ModuleList(separable(CONTEXT, CONTEXT, 5) for _ in coarse)
        self.narrow = pointwise(CONTEXT, DETAIL)
        self.detail_lateral = pointwise(detail, DETAIL)
        self.detail_merge = separable(DETAIL, DETAIL, 5)

    def forward(self, taps: list[Tensor]) -> tuple[Tensor, Tensor]:
        detail, *coarse = taps
        context = self.laterals[-1](coarse[-1]) + self.scene(coarse[-1])
        context = self.merges[-1](context)
        for level in (1, 0):
            context = self.merges[level](self.laterals[level](coarse[level]) + double(context))
        return context, self.detail_merge(self.detail_lateral(detail) + double(self.narrow(context)))


class Heads(nn.Module):
    """One branch a task, on features at stride 4."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.parsing = nn.Sequential(separable(DETAIL, DETAIL, 5), nn.Conv2d(DETAIL, labels, 1))
        self.pose = nn.Sequential(separable(DETAIL, DETAIL, 5), nn.Conv2d(DETAIL, joints, 1))
        # Heat maps are almost empty, so start from empty ones.
        nn.init.normal_(self.pose.get_parameter("1.weight"), std=0.001)

    def forward(self, features: Tensor) -> Stage:
        return Stage(self.parsing(features), self.pose(features))

    def start_silent(self) -> None:
        """Begin with answers that are the same everywhere."""
        for branch in (self.parsing, self.pose):
            nn.init.zeros_(branch.get_parameter("1.weight"))


class Refinement(nn.Module):
    """Reads the features and both last answers at stride 8; what its heads say is added to the last answer."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.join = pointwise(CONTEXT + labels + joints, CONTEXT)
        self.context = nn.Sequential(separable(CONTEXT, CONTEXT, 7), separable(CONTEXT, CONTEXT, 7))
        self.narrow = pointwise(CONTEXT, DETAIL)
        self.heads = Heads(labels, joints)
        self.heads.start_silent()  # at first, a refinement changes nothing

    def forward(self, context: Tensor, detail: Tensor, last: Stage) -> Stage:
        answers = F.avg_pool2d(torch.cat([last.parsing.softmax(1), last.pose], 1), 2)
        joined = self.join(torch.cat([context, answers], 1))
        change: Stage = self.heads(detail + double(self.narrow(joined + self.context(joined))))
        return Stage(last.parsing + change.parsing, last.pose + change.pose)


class LiteNetwork(Network):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → 1 + ``REFINEMENTS`` stages at stride 4."""

    stride = 4
    origin = 1.5
    multiple = 32

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.trunk = EfficientNetLite0()
        self.decoder = Decoder()
        self.heads = Heads(labels, joints)
        self.refinements = nn.ModuleList(Refinement(labels, joints) for _ in range(REFINEMENTS))

    @classmethod
    def by_recipe(cls, recipe: LiteNetworkRecipe, labels: int, joints: int) -> Self:
        """The network with random weights, the recipe's leading groups not to be trained."""
        network = cls(labels, joints)
        network.trunk.freeze_early(recipe.frozen_groups)
        return network

    def forward(self, images: Tensor) -> list[Stage]:
        context, detail = self.decoder(self.trunk(images))
        stages = [self.heads(detail)]
        for refinement in self.refinements:
            stages.append(refinement(context, detail, stages[-1]))
        return stages

    def load_pretrained(self, file: Path | None = None) -> None:
        """Start from the trunk's ImageNet weights, which a package brings."""
        if file is not None:
            raise ValueError(f"{file}: the light network's ImageNet weights come with it; it reads none from a file")
        self.trunk.load_imagenet()

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The trunk's; they learn more slowly."""
        return list(self.trunk.parameters())
