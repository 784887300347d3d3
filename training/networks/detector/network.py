"""The person detector: MoveNet's trunk and pyramid, and a middle, a size and an offset at every cell.

CenterNet (Zhou, Wang, Krähenbühl, "Objects as Points", 2019) as MoveNet MultiPose has it: at stride 4 each cell says
how likely it is the middle of a person, how large that person's box is, and how far the middle lies from the cell.
MultiPose's heads for joints are left out. With the released weights the network answers as MultiPose does.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.detector.cells import Cells
from training.networks.detector.recipe import TrunkName
from training.networks.movenet import LIGHTNING, MULTIPOSE, PYRAMID, THUNDER, MoveNet, Width, as_pytorch
from training.networks.same_padding import SameConv2d
from training.networks.tfjs_weights import read_tfjs_weights

TRUNKS: Final[Mapping[TrunkName, Width]] = {
    "movenet-lightning": LIGHTNING,
    "movenet-multipose": MULTIPOSE,
    "movenet-thunder": THUNDER,
}

HEAD: Final = 96
"""Channels inside a head."""

_RELEASED_HEADS: Final = {"center": ("center_0", 3), "size": ("box_scale_0", 4), "offset": ("box_offset_0", 5)}
"""Head → its released name, and the number of its separable convolution."""


class Head(nn.Module):
    """3×3 a channel, 1×1 with ReLU, 1×1."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.depthwise = SameConv2d(channels, channels, 3, groups=channels)
        self.pointwise = nn.Conv2d(channels, HEAD, 1)
        self.out = nn.Conv2d(HEAD, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        answer: Tensor = self.out(F.relu(self.pointwise(self.depthwise(features))))
        return answer


class DetectorNetwork(nn.Module):
    """float32 (N, 3, H, W), RGB 0–255, H and W multiples of 32 → ``Cells`` at stride 4."""

    def __init__(self, trunk: TrunkName) -> None:
        super().__init__()
        self.trunk = MoveNet(TRUNKS[trunk])
        channels = PYRAMID[-1][1]
        self.center, self.size, self.offset = Head(channels, 1), Head(channels, 2), Head(channels, 2)
        nn.init.constant_(self.center.out.bias, -4.6)  # type: ignore[arg-type]  # almost nowhere is a middle

    def forward(self, images: Tensor) -> Cells:
        _, _, pyramid = self.trunk.features(images)
        finest = pyramid[-1]
        return Cells(self.center(finest), self.size(finest), self.offset(finest))

    def load_pretrained(self, file: Path) -> None:
        """Fill with the released weights: ``file`` is the ``.json`` of a MoveNet as a TensorFlow.js graph model.

        MultiPose fills everything. Those for one person have no boxes: they fill the trunk and the head of middles.
        Raises InputError for a file that has not the trunk's weights, or has them in other shapes.
        """
        self.trunk.load_pretrained(file)
        released = read_tfjs_weights(file)
        for head, (name, number) in _RELEASED_HEADS.items():
            if f"StatefulPartitionedCall/{name}/conv2d_{number + 1}/BiasAdd/ReadVariableOp" in released:
                _fill(self.get_submodule(head), released, name, number)


def _fill(head: nn.Module, released: Mapping[str, NDArray[np.float32]], name: str, number: int) -> None:
    separable = f"StatefulPartitionedCall/{name}/separable_conv2d_{number}"
    last = f"StatefulPartitionedCall/{name}/conv2d_{number + 1}"
    names = {
        "depthwise.weight": f"{separable}/separable_conv2d/ReadVariableOp",
        "pointwise.weight": f"{separable}/separable_conv2d/ReadVariableOp_1",
        "pointwise.bias": f"{separable}/BiasAdd/ReadVariableOp",
        "out.weight": f"{last}/Conv2D/ReadVariableOp",
        "out.bias": f"{last}/BiasAdd/ReadVariableOp",
    }
    for parameter, variable in names.items():
        groups = 2 if parameter.startswith("depthwise") else 1  # more than one: depth-wise
        head.get_parameter(parameter).data.copy_(as_pytorch(released[variable], groups))
