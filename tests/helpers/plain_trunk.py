"""A trunk of few layers for light networks: tracing one for ONNX takes time by the operator."""

import torch
from torch import Tensor, nn

from training.networks.lite.network import LiteNetwork


class PlainTrunk(nn.Module):
    """A convolution for each tap of a light network's trunk: the same channels at the same strides, 4 to 32."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        inputs = (3, *channels[:-1])
        self.layers = nn.ModuleList(
            nn.Conv2d(given, taken, 3, stride=2 if level else 4, padding=1)
            for level, (given, taken) in enumerate(zip(inputs, channels, strict=True))
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        x, taps = images / 255, []
        for layer in self.layers:
            x = torch.relu(layer(x))
            taps.append(x)
        return taps


def with_plain_trunk(network: LiteNetwork) -> LiteNetwork:
    """Puts such a trunk, with random weights, in place of the network's."""
    network.trunk = PlainTrunk(network.trunk.tap_channels).eval()
    return network
