"""MoveNet's trunk and pyramid, with the weights that its makers trained to find people's joints.

MoveNet (Google, 2021) is a MobileNetV2 (Sandler et al., CVPR 2018) and a feature pyramid, trained on COCO and on people
doing sports. Three were released, under Apache-2.0: Lightning, of width 1, MultiPose, of width 1.5, and Thunder, of
width 1.75. Their own heads are left out here. The released weights have batch norm folded into them, so there is none
here: convolutions with bias. Padding is TensorFlow's SAME.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors.input_error import InputError
from training.networks.same_padding import SameConv2d
from training.networks.tfjs_weights import read_tfjs_weights


class Width(NamedTuple):
    """Channels of the stem and of every group."""

    stem: int
    groups: tuple[int, int, int, int, int, int, int]


LIGHTNING = Width(32, (16, 24, 32, 64, 96, 160, 320))
MULTIPOSE = Width(48, (24, 40, 48, 96, 144, 240, 480))
THUNDER = Width(56, (32, 40, 56, 112, 168, 280, 560))


class _Group(NamedTuple):
    stride: int
    expand: int
    blocks: int


_GROUPS = (
    _Group(1, 1, 1),
    _Group(2, 6, 2),
    _Group(2, 6, 3),
    _Group(2, 6, 4),
    _Group(1, 6, 3),
    _Group(2, 6, 3),
    _Group(1, 6, 1),
)
LAST_CHANNELS = 1280
TAPS = (1, 2, 4)
"""Groups whose output leaves the trunk: strides 4, 8 and 16."""

SKIPS = (3, 2, 1)
"""Groups that the pyramid adds on its way up: strides 16, 8 and 4."""

PYRAMID = ((64, 32), (32, 24), (24, 24))
"""Channels in and out of the pyramid's levels at strides 16, 8 and 4."""

_RELEASED = "StatefulPartitionedCall/center_net_mobile_net_v2fpn_feature_extractor/model_1"


def _conv(channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> SameConv2d:
    return SameConv2d(channels_in, channels_out, kernel, stride, groups=groups, bias=True)


class InvertedResidual(nn.Module):
    """Expand (1×1), filter each channel (3×3), project (1×1); the input is added where the shape stays."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, expand: int) -> None:
        super().__init__()
        inner = channels_in * expand
        self.expand = _conv(channels_in, inner) if expand > 1 else None
        self.depthwise = _conv(inner, inner, 3, stride, groups=inner)
        self.project = _conv(inner, channels_out)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        inner = x if self.expand is None else F.relu6(self.expand(x))
        y: Tensor = self.project(F.relu6(self.depthwise(inner)))
        return x + y if self.residual else y


class Level(nn.Module):
    """A level of the pyramid: what comes from below, twice as large, plus the trunk's features; then 3×3 and 1×1."""

    def __init__(self, channels: int, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.lateral = _conv(channels, channels_in)
        self.depthwise = SameConv2d(channels_in, channels_in, 3, groups=channels_in)
        self.pointwise = _conv(channels_in, channels_out)

    def forward(self, below: Tensor, features: Tensor) -> Tensor:
        doubled = F.interpolate(below, scale_factor=2.0, mode="bilinear", align_corners=False)
        return F.relu(self.pointwise(self.depthwise(doubled + self.lateral(features))))


class MoveNet(nn.Module):
    """Trunk: float32 (N, 3, H, W), RGB 0–255 → features at strides 4, 8, 16 and 32 (``tap_channels`` of them).

    At strides 4 to 16 the pyramid's features follow the trunk's: what the released heads read.
    """

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.stem = _conv(3, width.stem, 3, 2)
        self.groups = nn.ModuleList()
        channels = width.stem
        for (stride, expand, blocks), channels_out in zip(_GROUPS, width.groups, strict=True):
            members = []
            for block in range(blocks):
                members.append(InvertedResidual(channels, channels_out, stride if block == 0 else 1, expand))
                channels = channels_out
            self.groups.append(nn.Sequential(*members))
        self.last = _conv(channels, LAST_CHANNELS)
        self.top = _conv(LAST_CHANNELS, PYRAMID[0][0])
        self.levels = nn.ModuleList(
            Level(width.groups[skip], *widths) for skip, widths in zip(SKIPS, PYRAMID, strict=True)
        )
        pyramid = [out for _, out in reversed(PYRAMID)]
        self.tap_channels = (
            *(width.groups[tap] + out for tap, out in zip(TAPS, pyramid, strict=True)),
            LAST_CHANNELS,
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        outputs, last, pyramid = self.features(images)
        joined = [torch.cat([outputs[tap], fine], 1) for tap, fine in zip(TAPS, reversed(pyramid), strict=True)]
        return [*joined, last]

    def features(self, images: Tensor) -> tuple[list[Tensor], Tensor, list[Tensor]]:
        """Every group's output, the last features (stride 32), and the pyramid's levels at strides 16, 8 and 4."""
        x = F.relu6(self.stem(images / 127.5 - 1.0))
        outputs = []
        for group in self.groups:
            x = group(x)
            outputs.append(x)
        last = F.relu6(self.last(x))
        below, pyramid = self.top(last), []
        for skip, level in zip(SKIPS, self.levels, strict=True):
            below = level(below, outputs[skip])
            pyramid.append(below)
        return outputs, last, pyramid

    def freeze_early(self, groups: int) -> None:
        """Keep the weights of the stem and the first ``groups`` groups."""
        for module in (self.stem, *self.groups[:groups]):
            module.requires_grad_(False)

    def load_pretrained(self, file: Path | None) -> None:
        """Fill with the released weights: ``file`` is the ``.json`` of a MoveNet as a TensorFlow.js graph model.

        Raises InputError without a file, or for one that has not all of the weights, or has them in other shapes.
        """
        if file is None:
            raise InputError(
                "no package brings MoveNet's weights. Begin with a checkpoint (--from), with MoveNet Lightning or "
                "Thunder as a TensorFlow.js graph model (--pretrained movenet-lightning.json or movenet-thunder.json, "
                "as the recipe's trunk is called), or with random weights (--from-nothing)"
            )
        released, amiss = read_tfjs_weights(file), []
        for conv, *names in self._released_names():
            for parameter, name in zip((conv.weight, conv.bias), names, strict=True):
                if parameter is None:
                    continue
                if name not in released:
                    amiss.append(f"missing: {name}")
                elif (value := as_pytorch(released[name], conv.groups)).shape != parameter.shape:
                    amiss.append(f"{name} has another shape")
                else:
                    parameter.data.copy_(value)
        if amiss:
            raise InputError("\n".join([f"{file} does not fill the recipe's trunk:", *amiss]))

    def _released_names(self) -> Iterator[tuple[nn.Conv2d, str, str]]:
        """Every convolution with the released names of its weight and its bias; an empty name where it has none."""

        def folded(conv: nn.Conv2d, name: str) -> tuple[nn.Conv2d, str, str]:
            kind = "depthwise" if conv.groups > 1 else "Conv2D"
            return conv, f"{_RELEASED}/model/{name}/{kind}_weights", f"{_RELEASED}/model/{name}/{kind}_bn_offset"

        yield folded(self.stem, "Conv1")
        blocks = [module for module in self.modules() if isinstance(module, InvertedResidual)]
        for number, block in enumerate(blocks):
            name = f"block_{number}" if number else "expanded_conv"
            if block.expand is not None:
                yield folded(block.expand, f"{name}_expand")
            yield folded(block.depthwise, f"{name}_depthwise")
            yield folded(block.project, f"{name}_project")
        yield folded(self.last, "Conv_1")
        levels = [module for module in self.modules() if isinstance(module, Level)]
        for number, conv in enumerate((self.top, *(level.lateral for level in levels))):
            name = f"{_RELEASED}/conv2d{f'_{number}' if number else ''}"
            yield conv, f"{name}/Conv2D/ReadVariableOp", f"{name}/BiasAdd/ReadVariableOp"
        for number, level in enumerate(levels):
            name = f"{_RELEASED}/separable_conv2d{f'_{number}' if number else ''}/separable_conv2d"
            yield level.depthwise, f"{name}/ReadVariableOp", ""
            yield level.pointwise, f"{name}_weights", f"{name}_bn_offset"


def as_pytorch(released: NDArray[np.float32], groups: int) -> Tensor:
    """TensorFlow's kernel, (H, W, in, out) or depth-wise (H, W, channels, 1), as PyTorch's; a bias as it is."""
    values = torch.from_numpy(released)
    if values.ndim == 1:
        return values
    return values.permute(2, 3, 0, 1) if groups > 1 else values.permute(3, 2, 0, 1)
