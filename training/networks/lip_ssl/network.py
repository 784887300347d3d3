"""LIP_SSL: the parsing network whose Caffe weights SS-JPPNet's authors released.

Gong, Liang, Zhang, Shen, Lin: "Look into Person: Self-supervised Structure-sensitive Learning and a New Benchmark for
Human Parsing", CVPR 2017; code: github.com/Engineering-Course/LIP_SSL. VGG-16 with a large field of view (DeepLab)
looks at three scales of the photo, and attention weighs their scores at every cell (Chen et al., "Attention to Scale",
CVPR 2016).
"""

from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors.input_error import InputError
from training.networks.lip_ssl.recipe import LipSslNetworkRecipe
from training.networks.network import Network
from training.networks.stage import Stage, no_heat_maps

BGR_MEAN: Final = (104.008, 116.669, 122.675)
"""ImageNet's mean colour, blue first, as the authors rounded it."""


class Scale(NamedTuple):
    """A scale of the input, as Caffe's ``Interp`` layer states it: shrunk by one factor, then enlarged by another."""

    shrink: int
    zoom: int


SCALES: Final = (Scale(1, 1), Scale(4, 3), Scale(2, 1))
"""1, 3/4 and 1/2, in the order in which attention reads them."""

VGG_BLOCKS: Final = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of VGG-16's convolutions, block by block; a pooling follows each block."""

POOL_STRIDES: Final = (2, 2, 2, 1, 1)
LAST_BLOCK_DILATION: Final = 2
FIELD_OF_VIEW_DILATION: Final = 12
FEATURES: Final = 1024
ATTENTION_CHANNELS: Final = 512


class LipSslOutputs(NamedTuple):
    """All outputs, at stride 8: each scale's own scores (N, L, h, w), the weights of the scales, and the answer."""

    by_scale: tuple[Tensor, Tensor, Tensor]
    attention: Tensor
    fusion: Tensor


def interp_size(size: int, scale: Scale) -> int:
    """Length of a side after Caffe's ``Interp``: s = (n − 1) // shrink + 1, then s + (s − 1)·(zoom − 1)."""
    shrunk = (size - 1) // scale.shrink + 1
    return shrunk + (shrunk - 1) * (scale.zoom - 1)


def interp(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Caffe's ``Interp`` layer: bilinear, corners aligned."""
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=True)


class VggTrunk(nn.Sequential):
    """VGG-16 with a large field of view: images → 1,024 / slimming channels at stride 8; Caffe's names of layers."""

    def __init__(self, slimming: int) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels = 3
        for block, (widths, stride) in enumerate(zip(VGG_BLOCKS, POOL_STRIDES, strict=True), 1):
            dilation = LAST_BLOCK_DILATION if block == len(VGG_BLOCKS) else 1
            for number, width in enumerate(widths, 1):
                wide = width // slimming
                layers[f"conv{block}_{number}"] = nn.Conv2d(channels, wide, 3, padding=dilation, dilation=dilation)
                layers[f"relu{block}_{number}"] = nn.ReLU(inplace=True)
                channels = wide
            layers[f"pool{block}"] = nn.MaxPool2d(3, stride, padding=1, ceil_mode=True)
        features = FEATURES // slimming
        far = FIELD_OF_VIEW_DILATION
        layers["fc6"] = nn.Conv2d(channels, features, 3, padding=far, dilation=far)
        layers["relu6"] = nn.ReLU(inplace=True)
        layers["drop6"] = nn.Dropout(0.5)
        layers["fc7"] = nn.Conv2d(features, features, 1)
        layers["relu7"] = nn.ReLU(inplace=True)
        layers["drop7"] = nn.Dropout(0.5)
        super().__init__(layers)


class LipSsl(Network):
    """float32 (N, 3, H, W), RGB 0–255 → stages at stride 8: the scores of scales 1, 3/4 and 1/2, and the answer last.

    Cell i stands for pixel 8·i: everything is resized with corners aligned. The network knows no joints.
    ``slimming`` divides the channels of every layer; 1 is the original.
    """

    stride = 8
    origin = 0.0
    multiple = 1

    def __init__(self, labels: int, slimming: int = 1) -> None:
        super().__init__()
        features, inner = FEATURES // slimming, ATTENTION_CHANNELS // slimming
        self.trunk = VggTrunk(slimming)
        self.classifier = nn.Conv2d(features, labels, 1)
        self.attention = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(len(SCALES) * features, inner, 3, padding=1),
                relu=nn.ReLU(inplace=True),
                drop=nn.Dropout(0.5),
                fc=nn.Conv2d(inner, len(SCALES), 1),
            )
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # never None: every layer has a bias
        for last in (self.classifier, self.attention.get_submodule("fc")):
            nn.init.normal_(last.get_parameter("weight"), std=0.01)

    @classmethod
    def from_recipe(cls, recipe: LipSslNetworkRecipe, labels: int) -> Self:
        """The network with random weights."""
        return cls(labels, recipe.slimming)

    def forward(self, images: Tensor) -> list[Stage]:
        red, green, blue = images.unbind(1)
        outputs = self.outputs(torch.stack([blue - BGR_MEAN[0], green - BGR_MEAN[1], red - BGR_MEAN[2]], 1))
        maps = no_heat_maps(outputs.fusion)
        size = (outputs.fusion.shape[2], outputs.fusion.shape[3])
        return [Stage(interp(scores, size), maps) for scores in (*outputs.by_scale, outputs.fusion)]

    def outputs(self, x: Tensor) -> LipSslOutputs:
        """All outputs for images that are normalised already: BGR minus ``BGR_MEAN``."""
        sizes = [(interp_size(x.shape[2], scale), interp_size(x.shape[3], scale)) for scale in SCALES]
        features = [self.trunk(interp(x, size)) for size in sizes]
        scores = [self.classifier(feature) for feature in features]
        grid = (features[0].shape[2], features[0].shape[3])
        weights = self.attention(torch.cat([interp(feature, grid) for feature in features], 1)).softmax(1)
        weighed = [interp(score, grid) * weights[:, i : i + 1] for i, score in enumerate(scores)]
        return LipSslOutputs((scores[0], scores[1], scores[2]), weights, torch.stack(weighed).sum(0))

    def load_pretrained(self, file: Path | None) -> None:
        """Raises InputError: no package brings VGG-16's weights in Caffe's form."""
        raise InputError(
            "no ImageNet weights come with LIP_SSL. Begin with a checkpoint (--from), such as one of "
            "training.import_caffe, or with random weights (--from-nothing)"
        )

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The parameters of VGG-16."""
        return list(self.trunk.parameters())
