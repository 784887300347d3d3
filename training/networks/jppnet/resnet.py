"""ResNet-101 as DeepLab v2 dilates it: features stay at stride 8.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, in its first (Caffe) form: a group halves the
size in its first 1×1 convolution. Chen et al., "DeepLab", T-PAMI 2018: groups 4 and 5 dilate instead of halving.
Modules carry the names of the Caffe release (group 4, block b7, branch2a …), so a weight's name says where it came
from. JPPNet ran it through TensorFlow: SAME padding, batch norm's epsilon 1e-3.
"""

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.same_padding import SameConv2d, SameMaxPool2d


class _Group(NamedTuple):
    inner: int
    stride: int
    dilation: int
    blocks: tuple[str, ...]


STEM_CHANNELS = 64
EXPANSION = 4
"""A block has this many times its inner channels as output."""

GROUPS = {
    2: _Group(64, 1, 1, ("a", "b", "c")),
    3: _Group(128, 2, 1, ("a", *(f"b{i}" for i in range(1, 4)))),
    4: _Group(256, 1, 2, ("a", *(f"b{i}" for i in range(1, 23)))),
    5: _Group(512, 1, 4, ("a", "b", "c")),
}


class FrozenBatchNorm2d(nn.Module):
    """Batch norm that always uses its stored mean and variance; scale and shift still learn.

    JPPNet trains on one photo at a time, whose own statistics would say nothing, so it keeps those of ImageNet.
    """

    EPSILON = 1e-3

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.EPSILON)


class ConvNorm(nn.Module):
    """Convolution without bias, then batch norm."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = SameConv2d(channels_in, channels_out, kernel, stride, dilation)
        self.norm = FrozenBatchNorm2d(channels_out)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y


class Bottleneck(nn.Module):
    """Bottleneck block: 1×1, 3×3 and 1×1 convolutions; the input is added, projected where its shape changes."""

    def __init__(self, channels_in: int, inner: int, stride: int, dilation: int) -> None:
        super().__init__()
        channels_out = inner * EXPANSION
        changes = stride > 1 or channels_in != channels_out
        self.branch1 = ConvNorm(channels_in, channels_out, 1, stride) if changes else nn.Identity()
        self.branch2a = ConvNorm(channels_in, inner, 1, stride)
        self.branch2b = ConvNorm(inner, inner, 3, dilation=dilation)
        self.branch2c = ConvNorm(inner, channels_out, 1)
        # Without learned statistics nothing else keeps 33 added branches from growing: each starts at nothing.
        nn.init.zeros_(self.branch2c.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.branch2b(F.relu(self.branch2a(x))))
        return F.relu(self.branch1(x) + self.branch2c(y))


def group_channels(number: int, slimming: int = 1) -> int:
    """Channels that group ``number`` (2–5) puts out, divided by ``slimming``."""
    return GROUPS[number].inner * EXPANSION // slimming


def residual_group(number: int, slimming: int = 1) -> nn.Sequential:
    """Group ``number`` (2–5) of ResNet-101, its channels divided by ``slimming``."""
    inner, stride, dilation, names = GROUPS[number]
    channels_in = STEM_CHANNELS // slimming if number == 2 else group_channels(number - 1, slimming)
    blocks: OrderedDict[str, nn.Module] = OrderedDict()
    for name in names:
        blocks[name] = Bottleneck(channels_in, inner // slimming, stride, dilation)
        channels_in, stride = group_channels(number, slimming), 1
    return nn.Sequential(blocks)


class ResNetTrunk(nn.Module):
    """Normalised images, float32 (N, 3, H, W) → features of group 4, (N, 1024 / slimming, ceil(H/8), ceil(W/8))."""

    def __init__(self, slimming: int = 1) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, STEM_CHANNELS // slimming, 7, stride=2)
        self.pool1 = SameMaxPool2d(3, stride=2)
        self.res2 = residual_group(2, slimming)
        self.res3 = residual_group(3, slimming)
        self.res4 = residual_group(4, slimming)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(F.relu(self.conv1(x)))
        y: Tensor = self.res4(self.res3(self.res2(x)))
        return y
