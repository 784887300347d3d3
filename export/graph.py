"""The deployable graph: a byte image in, a byte label map and joints out (docs/model-file.md).

``image``: uint8 (N, H, W, 3) RGB, fitted → ``labels`` and ``confidence``: uint8 (N, h, w); ``keypoints``: float32
(N, J, 3): x, y in input pixels, score in 0–1. A file for parsing or pose alone gives only its own.
"""

import copy
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.checkpoints.calibration import UNCALIBRATED, Calibration, calibrated_joint_score, calibrated_scores
from training.evaluation.jppnet_protocol import forward_scales
from training.evaluation.pose_decoding import decode
from training.labels.label_set import LabelSet
from training.networks.cells import Cells
from training.networks.jppnet.tf1_resize import blend, resize_bilinear, resize_nearest
from training.networks.network import Network
from training.networks.stage import Stage, labels_last

Names = tuple[str, ...]

PARSING: Final[Names] = ("labels", "confidence")
POSE: Final[Names] = ("keypoints",)

LABELS_STRIDE = 2
"""Input pixels per cell of the label map. The service interpolates borders, so a finer grid only costs time."""


class OutputGraph(nn.Module):
    """A graph with named outputs: ``forward`` gives a tuple of them, in the order of ``outputs``."""

    outputs: Names


class DeployableGraph(OutputGraph):
    """The network in one pass, with calibrated scores; the label map has half the input's size."""

    def __init__(
        self, network: Network, calibration: Calibration = UNCALIBRATED, outputs: Names = (*PARSING, *POSE)
    ) -> None:
        super().__init__()
        self.network, self.calibration, self.outputs = network, calibration, outputs

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        stage = self.network(image.permute(0, 3, 1, 2).float())[-1]
        parsing = self._parsing(stage, *image.shape[1:3]) if set(PARSING) <= set(self.outputs) else ()
        return (*parsing, self._keypoints(stage)) if set(POSE) <= set(self.outputs) else parsing

    def _parsing(self, stage: Stage, height: int, width: int) -> tuple[Tensor, Tensor]:
        scores = calibrated_scores(stage.parsing, self.calibration)
        cells = (self.network.cells(height), self.network.cells(width))
        grid = (height // LABELS_STRIDE, width // LABELS_STRIDE)
        return labels_and_confidence(upsample_scores(scores, grid, (height, width), cells))

    def _keypoints(self, stage: Stage) -> Tensor:
        keypoints = decode(stage.pose, self.network.stride, self.network.origin)
        scored = calibrated_joint_score(keypoints[:, :, 2:], self.calibration)
        return torch.cat([keypoints[:, :, :2], scored], 2)


class MultiScaleGraph(OutputGraph):
    """JPPNet's test-time augmentation in the graph: three scales, each with its mirror image.

    For an image of the input's size this equals ``training.evaluation.jppnet_protocol``, so the label map is as large
    as the input, and joints lie on whole pixels.
    """

    def __init__(self, network: Network, label_set: LabelSet, outputs: Names = (*PARSING, *POSE)) -> None:
        super().__init__()
        self.network, self.outputs = network, outputs
        self.mirrored_labels, self.mirrored_joints = label_set.mirrored_labels, label_set.mirrored_joints

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        count, height, width = image.shape[:3]
        parsing, pose = forward_scales(self.network, image.permute(0, 3, 1, 2).float(), height, width)

        def merged(scales: list[Tensor], mirrored: list[int]) -> Tensor:
            mean = torch.stack(scales).mean(0)
            return (mean[:count] + mean[count:][:, mirrored].flip(-1)) / 2

        found: tuple[Tensor, ...] = ()
        if set(PARSING) <= set(self.outputs):
            scores = merged([resize_bilinear(scale, (height, width)) for scale in parsing], self.mirrored_labels)
            found = labels_and_confidence(scores)
        if not set(POSE) <= set(self.outputs):
            return found
        maps = merged([resize_nearest(scale, (height, width)) for scale in pose], self.mirrored_joints)
        peak, index = maps.flatten(2).max(2)
        keypoints = torch.stack([(index % width).float(), (index // width).float(), peak.clamp(0, 1)], 2)
        return *found, keypoints


def labels_and_confidence(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Label scores (N, L, h, w) → best label and its probability in 255ths, uint8 (N, h, w) each."""
    shape = (scores.shape[0], *scores.shape[2:])
    rows = labels_last(scores)
    confidence = 1 / (rows - rows.amax(1, keepdim=True)).exp().sum(1)  # the largest value of soft-max
    return rows.argmax(1).to(torch.uint8).reshape(shape), (confidence * 255).round().to(torch.uint8).reshape(shape)


def upsample_scores(
    scores: Tensor, size: tuple[int, int], input_size: tuple[int, int], cells: tuple[Cells, Cells]
) -> Tensor:
    """Scores (N, L, h, w) on the network's grid → (N, L, *size) over the whole input of ``input_size``, bilinear.

    Sizes are (height, width); ``cells``: of rows and of columns.
    """
    whole = all(
        axis.origin == (axis.step - 1) / 2 and count * axis.step == length
        for axis, count, length in zip(cells, scores.shape[2:], input_size, strict=True)
    )
    if whole:  # cells stand for their centre: the case that runtimes have a kernel for
        return F.interpolate(scores, size=size, mode="bilinear", align_corners=False)
    for axis, wanted, length, places in zip((-2, -1), size, input_size, cells, strict=True):
        pixels = (torch.arange(wanted) + 0.5) * (length / wanted) - 0.5
        positions = ((pixels - places.origin) / places.step).clamp(0, scores.shape[axis] - 1)
        scores = blend(scores, axis, positions.to(scores.device))
    return scores


def in_half(network: Network) -> Network:
    """A copy of the network that computes in float16, with float32 inputs and outputs."""

    def to_half(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return (inputs[0].half(),)

    def to_float(_: nn.Module, __: Any, stages: list[Stage]) -> list[Stage]:
        return [Stage(stage.parsing.float(), stage.pose.float()) for stage in stages]

    half = copy.deepcopy(network).half()
    half.register_forward_pre_hook(to_half)
    half.register_forward_hook(to_float)
    return half
