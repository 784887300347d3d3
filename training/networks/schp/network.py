"""SCHP: ResNet-101 with a pyramid of contexts, a decoder, and a branch that finds the borders between parts.

Li, Xu, Wei, Yang: "Self-Correction for Human Parsing", T-PAMI 2020; code:
github.com/GoGoDuck912/Self-Correction-Human-Parsing (MIT), whose network is A-CE2P. Its "in-place activated" batch
norm, a CUDA operator, is plain batch norm here, followed by a leaky ReLU where the original's is activated.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors.input_error import InputError
from training.networks.cells import Cells
from training.networks.network import Network
from training.networks.schp.recipe import SchpNetworkRecipe
from training.networks.stage import Stage, no_heat_maps

BGR_MEAN: Final = (0.406, 0.456, 0.485)
BGR_DEVIATION: Final = (0.225, 0.224, 0.229)
"""ImageNet's colours in 0–1, blue first: the authors read photos with OpenCV."""

LEAK: Final = 0.01
"""Slope of the leaky ReLU below zero."""

EXPANSION: Final = 4
BLOCKS: Final = (3, 4, 23, 3)
STRIDES: Final = (1, 2, 2, 1)
DILATIONS: Final = (1, 1, 1, 2)
"""Of ResNet-101's layers 1 to 4: layer 4 keeps the size and looks further instead."""

PYRAMID: Final = (1, 2, 3, 6)
"""Cells a side of the pooled contexts."""


class SchpOutputs(NamedTuple):
    """Outputs at stride 4: the decoder's label scores (N, L, h, w), the answer (same), border scores (N, 2, h, w)."""

    parsing: Tensor
    fusion: Tensor
    edge: Tensor


def resize(x: Tensor, like: Tensor) -> Tensor:
    """``x`` at the size of ``like``: bilinear, corners aligned."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=True)


class ActivatedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm followed by a leaky ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(super().forward(x), LEAK)


def activated(channels_in: int, channels_out: int, kernel: int = 1) -> list[nn.Module]:
    """Convolution without bias, then activated batch norm."""
    convolution = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False)
    return [convolution, ActivatedBatchNorm2d(channels_out)]


class Bottleneck(nn.Module):
    """ResNet's block, with the stride on its 3×3 convolution."""

    def __init__(self, channels_in: int, inner: int, stride: int, dilation: int) -> None:
        super().__init__()
        channels_out = inner * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(channels_in, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or channels_in != channels_out:
            projection = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.downsample(x) + self.bn3(self.conv3(y)))


class PyramidContext(nn.Module):
    """Pyramid pooling (Zhao et al., PSPNet, CVPR 2017): the features with the means over 1, 2², 3² and 6² parts."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(cells), *activated(channels_in, channels)) for cells in PYRAMID
        )
        self.bottleneck = nn.Sequential(*activated(channels_in + len(PYRAMID) * channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bottleneck(torch.cat([*(resize(stage(x), x) for stage in self.stages), x], 1))
        return y


class EdgeBranch(nn.Module):
    """Border scores and features for them, from the outputs of ResNet's layers 1 to 3."""

    def __init__(self, channels_in: tuple[int, int, int], channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*activated(channels_in[0], channels))
        self.conv2 = nn.Sequential(*activated(channels_in[1], channels))
        self.conv3 = nn.Sequential(*activated(channels_in[2], channels))
        self.conv4 = nn.Conv2d(channels, 2, 3, padding=1)
        self.conv5 = nn.Conv2d(6, 2, 1)

    def forward(self, levels: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        layers = (self.conv1, self.conv2, self.conv3)
        features = [layer(level) for layer, level in zip(layers, levels, strict=True)]
        scores = [resize(self.conv4(feature), levels[0]) for feature in features]
        return self.conv5(torch.cat(scores, 1)), torch.cat([resize(feature, levels[0]) for feature in features], 1)


class Decoder(nn.Module):
    """Label scores and features for them at stride 4, from the context and the output of ResNet's layer 1."""

    def __init__(self, context: int, detail: int, narrow: int, channels: int, labels: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*activated(context, channels))
        self.conv2 = nn.Sequential(*activated(detail, narrow))
        self.conv3 = nn.Sequential(*activated(channels + narrow, channels), *activated(channels, channels))
        self.conv4 = nn.Conv2d(channels, labels, 1)

    def forward(self, context: Tensor, detail: Tensor) -> tuple[Tensor, Tensor]:
        features: Tensor = self.conv3(torch.cat([resize(self.conv1(context), detail), self.conv2(detail)], 1))
        return self.conv4(features), features


class Schp(Network):
    """float32 (N, 3, H, W), RGB 0–255 → two stages at stride 4: the decoder's scores, and the fusion with the borders.

    The network knows no joints. ``slimming`` divides the channels of every layer; 1 is the original. Names of modules
    follow the released weights'.
    """

    stride = 4
    origin = 0.0
    multiple = 1

    def __init__(self, labels: int, slimming: int = 1) -> None:
        super().__init__()
        stem, inner, wide, narrow = 64 // slimming, 256 // slimming, 512 // slimming, 48 // slimming
        self.conv1, self.bn1 = nn.Conv2d(3, stem, 3, 2, padding=1, bias=False), nn.BatchNorm2d(stem)
        self.conv2, self.bn2 = nn.Conv2d(stem, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem)
        self.conv3, self.bn3 = nn.Conv2d(stem, 2 * stem, 3, padding=1, bias=False), nn.BatchNorm2d(2 * stem)
        self.layer1 = residual_layer(2 * stem, 1, slimming)
        self.layer2 = residual_layer(layer_channels(1, slimming), 2, slimming)
        self.layer3 = residual_layer(layer_channels(2, slimming), 3, slimming)
        self.layer4 = residual_layer(layer_channels(3, slimming), 4, slimming)
        levels = (layer_channels(1, slimming), layer_channels(2, slimming), layer_channels(3, slimming))
        self.context_encoding = PyramidContext(layer_channels(4, slimming), wide)
        self.edge = EdgeBranch(levels, inner)
        self.decoder = Decoder(wide, levels[0], narrow, inner, labels)
        self.fusion = nn.Sequential(*activated(4 * inner, inner), nn.Dropout2d(0.1), nn.Conv2d(inner, labels, 1))

    @classmethod
    def from_recipe(cls, recipe: SchpNetworkRecipe, labels: int) -> Self:
        """The network with random weights."""
        return cls(labels, recipe.slimming)

    def cells(self, length: int) -> Cells:
        """The first and the last cell stand for the first and the last pixel: corners are aligned."""
        count = -(-length // self.stride)
        return Cells((length - 1) / (count - 1), 0.0) if count > 1 else Cells(float(self.stride), 0.0)

    def forward(self, images: Tensor) -> list[Stage]:
        outputs = self.outputs(normalised(images))
        maps = no_heat_maps(outputs.fusion)
        return [Stage(outputs.parsing, maps), Stage(outputs.fusion, maps)]

    def outputs(self, x: Tensor) -> SchpOutputs:
        """All outputs for images that are normalised already: BGR, see ``normalised``."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn3(self.conv3(F.relu(self.bn2(self.conv2(x))))))
        level1 = self.layer1(F.max_pool2d(x, 3, stride=2, padding=1))
        level2 = self.layer2(level1)
        level3 = self.layer3(level2)
        parsing, features = self.decoder(self.context_encoding(self.layer4(level3)), level1)
        edge, edge_features = self.edge((level1, level2, level3))
        return SchpOutputs(parsing, self.fusion(torch.cat([features, edge_features], 1)), edge)

    def load_pretrained(self, file: Path | None) -> None:
        """Raises InputError: no package brings the ImageNet weights that SCHP began with."""
        raise InputError(
            "no ImageNet weights come with SCHP. Begin with a checkpoint (--from), such as one of "
            "training.import_schp, or with random weights (--from-nothing)"
        )

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """ResNet-101's."""
        heads = ("context_encoding.", "edge.", "decoder.", "fusion.")
        return [parameter for name, parameter in self.named_parameters() if not name.startswith(heads)]


def normalised(images: Tensor) -> Tensor:
    """float32 (N, 3, H, W), RGB 0–255 → BGR in deviations from ImageNet's mean."""
    channels = zip(images.flip(1).unbind(1), BGR_MEAN, BGR_DEVIATION, strict=True)
    return torch.stack([(channel / 255 - mean) / deviation for channel, mean, deviation in channels], 1)


def layer_channels(number: int, slimming: int) -> int:
    """Channels that ResNet's layer ``number`` (1–4) puts out, divided by ``slimming``."""
    return (64 << (number - 1)) * EXPANSION // slimming


def residual_layer(channels_in: int, number: int, slimming: int) -> nn.Sequential:
    """ResNet-101's layer ``number`` (1–4), its channels divided by ``slimming``."""
    channels_out, stride, dilation = layer_channels(number, slimming), STRIDES[number - 1], DILATIONS[number - 1]
    blocks: OrderedDict[str, nn.Module] = OrderedDict()
    for index in range(BLOCKS[number - 1]):
        blocks[str(index)] = Bottleneck(channels_in, channels_out // EXPANSION, stride, dilation)
        channels_in, stride = channels_out, 1
    return nn.Sequential(blocks)
