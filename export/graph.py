"""The deployable graph: a byte image in, a byte label map and joints out (docs/model-file.md)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.lite import LiteNetwork
from training.pose import decode

LABELS_STRIDE = 2
"""Input pixels a cell of the label map. The service interpolates borders, so a finer grid only costs time."""


class DeployableGraph(nn.Module):
    """``image``: uint8 (N, H, W, 3) RGB, fitted → ``labels`` and ``confidence``: uint8 (N, H/2, W/2), ``keypoints``:
    float32 (N, J, 3): x, y in input pixels, score in 0–1.
    """

    def __init__(self, network: LiteNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        height, width = image.shape[1:3]
        stage = self.network(image.permute(0, 3, 1, 2).float())[-1]
        grid = (height // LABELS_STRIDE, width // LABELS_STRIDE)
        scores = F.interpolate(stage.parsing, size=grid, mode="bilinear", align_corners=False)
        best, labels = scores.max(1)
        confidence = torch.exp(best - torch.logsumexp(scores, 1))
        keypoints = decode(stage.pose, height // stage.pose.shape[2])
        return labels.to(torch.uint8), (confidence * 255).round().to(torch.uint8), keypoints
