"""The light joint network: an EfficientNet-Lite0 trunk, a small decoder, and JPPNet's refinement.

JPPNet's idea (Liang et al., T-PAMI 2018) is kept: after a first answer for parts and joints, refinement stages read
the features together with both last answers, so that each task corrects the other, and every stage is supervised.
All heads work at stride 4 with depth-wise separable convolutions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.efficientnet_lite import TAP_CHANNELS, EfficientNetLite0
from training.networks.stage import Stage

WIDTH = 96
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


class Decoder(nn.Module):
    """Trunk features at strides 4–32 → one map of ``WIDTH`` channels at stride 4, coarse to fine.

    The mean over the whole photo joins at the coarsest level: what a garment is often depends on the rest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scene = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(TAP_CHANNELS[-1], WIDTH, 1), nn.ReLU())
        self.laterals = nn.ModuleList(pointwise(channels, WIDTH) for channels in TAP_CHANNELS)
        self.merges = nn.ModuleList(separable(WIDTH, WIDTH, 5) for _ in TAP_CHANNELS)

    def forward(self, taps: list[Tensor]) -> Tensor:
        levels = [lateral(tap) for lateral, tap in zip(self.laterals, taps, strict=True)]
        x: Tensor = self.merges[-1](levels[-1] + self.scene(taps[-1]))
        for level, merge in zip(reversed(levels[:-1]), reversed(list(self.merges)[:-1]), strict=True):
            x = merge(level + F.interpolate(x, size=level.shape[-2:], mode="bilinear", align_corners=False))
        return x


class Heads(nn.Module):
    """One branch a task on top of shared features."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.parsing = nn.Sequential(separable(WIDTH, WIDTH, 5), nn.Conv2d(WIDTH, labels, 1))
        self.pose = nn.Sequential(separable(WIDTH, WIDTH, 5), nn.Conv2d(WIDTH, joints, 1))

    def forward(self, features: Tensor) -> Stage:
        return Stage(self.parsing(features), self.pose(features))


class Refinement(nn.Module):
    """Reads the features and both last answers; what its heads say is added to the last answer."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.join = pointwise(WIDTH + labels + joints, WIDTH)
        self.context = nn.Sequential(separable(WIDTH, WIDTH, 7), separable(WIDTH, WIDTH, 7))
        self.heads = Heads(labels, joints)

    def forward(self, features: Tensor, last: Stage) -> Stage:
        joined = self.join(torch.cat([features, last.parsing.softmax(1), last.pose], 1))
        change: Stage = self.heads(joined + self.context(joined))
        return Stage(last.parsing + change.parsing, last.pose + change.pose)


class LiteNetwork(nn.Module):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → 1 + ``REFINEMENTS`` stages at stride 4."""

    def __init__(self, labels: int, joints: int) -> None:
        super().__init__()
        self.trunk = EfficientNetLite0()
        self.decoder = Decoder()
        self.heads = Heads(labels, joints)
        self.refinements = nn.ModuleList(Refinement(labels, joints) for _ in range(REFINEMENTS))

    def forward(self, images: Tensor) -> list[Stage]:
        features = self.decoder(self.trunk(images))
        stages = [self.heads(features)]
        for refinement in self.refinements:
            stages.append(refinement(features, stages[-1]))
        return stages

    def load_pretrained(self) -> None:
        """Start from the trunk's ImageNet weights."""
        self.trunk.load_imagenet()

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """Parameters that ``load_pretrained`` fills; they learn more slowly."""
        return list(self.trunk.parameters())
