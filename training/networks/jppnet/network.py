"""JPPNet with two refinement stages ("JPPNet-s2"), as its authors released it.

Liang, Gong, Shen, Lin: "Look into Person: Joint Body Parsing & Pose Estimation Network and a New Benchmark",
T-PAMI 2018; code: github.com/Engineering-Course/LIP_JPPNet. The first stage predicts from ResNet-101's features;
each further stage predicts anew from both tasks' last predictions and the last features of its own task.
"""

from pathlib import Path
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors.input_error import InputError
from training.networks.jppnet.recipe import JPPNetNetworkRecipe
from training.networks.jppnet.resnet import ResNetTrunk, group_channels, residual_group
from training.networks.jppnet.resnet_weights import load_caffe_resnet
from training.networks.network import Network
from training.networks.stage import Stage, no_heat_maps

BGR_MEAN = (104.00698793, 116.66876762, 122.67891434)
"""ImageNet's mean colour, blue first, as Caffe's networks take it."""

DILATIONS = (6, 12, 18, 24)
"""Dilations of the parallel classifiers (DeepLab v2's atrous spatial pyramid pooling)."""

FEATURES = 256
REMAPPED = 128
"""Channels to which a refinement stage remaps each task's last prediction."""

REFINEMENTS = 2


class Features(NamedTuple):
    """Features that each task passes on to its next stage, (N, 256, h, w) each."""

    parsing: Tensor
    pose: Tensor


def convolution(channels_in: int, channels_out: int, kernel: int, dilation: int = 1) -> nn.Conv2d:
    """Convolution that keeps the size, initialised as the original's (truncated normal, deviation 0.01; no bias)."""
    padding = dilation * (kernel // 2)
    layer = nn.Conv2d(channels_in, channels_out, kernel, padding=padding, dilation=dilation)
    nn.init.trunc_normal_(layer.weight, std=0.01, a=-0.02, b=0.02)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # never None: the layer has a bias
    return layer


class DilatedClassifier(nn.ModuleList):
    """Sum of four 3×3 convolutions that look 6, 12, 18 and 24 cells far."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__(convolution(channels, labels, 3, dilation) for dilation in DILATIONS)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([classifier(x) for classifier in self]).sum(0)


class ParsingBranch(nn.Module):
    """First parsing prediction: ResNet's group 5 and the classifier on top; its features for the next stage."""

    def __init__(self, labels: int, slimming: int) -> None:
        super().__init__()
        channels = group_channels(5, slimming)
        self.res5 = residual_group(5, slimming)
        self.classifier = DilatedClassifier(channels, labels)
        self.branch2a = convolution(channels, 512 // slimming, 3)
        self.branch2b = convolution(512 // slimming, FEATURES // slimming, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.res5(x)
        return self.classifier(x), F.relu(self.branch2b(F.relu(self.branch2a(x))))


class PoseBranch(nn.Module):
    """First pose prediction: eight convolutions on the features of ResNet's group 4; the sixth's goes on."""

    def __init__(self, joints: int, slimming: int) -> None:
        super().__init__()
        wide, narrow = 512 // slimming, FEATURES // slimming
        self.conv1 = convolution(group_channels(4, slimming), wide, 3)
        self.conv2 = convolution(wide, wide, 3)
        self.conv3 = convolution(wide, narrow, 3)
        self.conv4 = convolution(narrow, narrow, 3)
        self.conv5 = convolution(narrow, narrow, 3)
        self.conv6 = convolution(narrow, narrow, 3)
        self.conv7 = convolution(narrow, wide, 1)
        self.conv8 = convolution(wide, joints, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, self.conv6):
            x = F.relu(layer(x))
        return self.conv8(F.relu(self.conv7(x))), x


class TaskRefinement(nn.Module):
    """One task's refinement: its own last prediction, the other task's and its own features → prediction, features.

    ``head`` is the last layer: 256 / slimming channels → the task's prediction. ``other``: channels of the other task's
    prediction, 0 where there is no other task.
    """

    def __init__(self, own: int, other: int, head: nn.Module, slimming: int) -> None:
        super().__init__()
        remapped, narrow = REMAPPED // slimming, FEATURES // slimming
        self.own_remap = convolution(own, remapped, 1)
        self.other_remap = convolution(other, remapped, 1) if other else None
        self.conv1 = convolution((2 if other else 1) * remapped + narrow, 512 // slimming, 3)
        self.conv2 = convolution(512 // slimming, narrow, 5)
        self.conv3 = convolution(narrow, narrow, 7)
        self.conv4 = convolution(narrow, narrow, 9)
        self.conv5 = convolution(narrow, narrow, 1)
        self.head = head

    def forward(self, own: Tensor, other: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        others = [F.relu(self.other_remap(other))] if self.other_remap else []
        x = torch.cat([F.relu(self.own_remap(own)), *others, features], 1)
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.relu(layer(x))
        return self.head(F.relu(self.conv5(x))), x


class Refinement(nn.Module):
    """Both tasks' refinement from the same last stage; without joints, of parsing alone."""

    def __init__(self, labels: int, joints: int, slimming: int) -> None:
        super().__init__()
        channels = FEATURES // slimming
        self.parsing = TaskRefinement(labels, joints, DilatedClassifier(channels, labels), slimming)
        self.pose = TaskRefinement(joints, labels, convolution(channels, joints, 1), slimming) if joints else None

    def forward(self, last: Stage, features: Features) -> tuple[Stage, Features]:
        parsing, parsing_features = self.parsing(last.parsing, last.pose, features.parsing)
        if self.pose is None:
            return Stage(parsing, no_heat_maps(parsing)), Features(parsing_features, features.pose)
        pose, pose_features = self.pose(last.pose, last.parsing, features.pose)
        return Stage(parsing, pose), Features(parsing_features, pose_features)


class JPPNet(Network):
    """float32 (N, 3, H, W), RGB 0–255 → 3 stages at stride 8, (ceil(H/8), ceil(W/8)) cells.

    The original compares cell i with the pixel 8·i of its labels and heat maps, so that is where a cell lies.
    ``slimming`` divides the channels of every layer; 1 is the original. Without joints there is no pose branch, and
    refinement reads the parsing alone.
    """

    stride = 8
    origin = 0.0
    multiple = 1

    def __init__(self, labels: int, joints: int, slimming: int = 1) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(slimming)
        self.parsing = ParsingBranch(labels, slimming)
        self.pose = PoseBranch(joints, slimming) if joints else None
        self.refinements = nn.ModuleList(Refinement(labels, joints, slimming) for _ in range(REFINEMENTS))

    @classmethod
    def from_recipe(cls, recipe: JPPNetNetworkRecipe, labels: int, joints: int) -> Self:
        """The network with random weights."""
        return cls(labels, joints, recipe.slimming)

    def forward(self, images: Tensor) -> list[Stage]:
        red, green, blue = images.unbind(1)
        return self.stages(torch.stack([blue - BGR_MEAN[0], green - BGR_MEAN[1], red - BGR_MEAN[2]], 1))

    def stages(self, x: Tensor) -> list[Stage]:
        """Stages for images that are normalised already: BGR minus ``BGR_MEAN``."""
        shared = self.trunk(x)
        parsing, parsing_features = self.parsing(shared)
        pose, pose_features = self.pose(shared) if self.pose else (no_heat_maps(parsing), parsing_features[:, :0])
        stages, features = [Stage(parsing, pose)], Features(parsing_features, pose_features)
        for refinement in self.refinements:
            stage, features = refinement(stages[-1], features)
            stages.append(stage)
        return stages

    def load_pretrained(self, file: Path | None) -> None:
        """Fill the ResNet from a file of Caffe's ImageNet weights; the rest keeps its random ones.

        No package brings them. Raises InputError without a file, or for one that does not fill the ResNet.
        """
        if file is None:
            raise InputError(
                "no ImageNet weights come with JPPNet. Begin with a checkpoint (--from), with a file of ResNet-101's "
                "weights in Caffe's form (--pretrained FILE), or with random weights (--from-nothing)"
            )
        load_caffe_resnet(self.trunk, self.parsing.res5, file)

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The ResNet's: trunk and group 5."""
        return [*self.trunk.parameters(), *self.parsing.res5.parameters()]
