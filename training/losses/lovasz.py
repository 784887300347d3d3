"""Lovász-Softmax: a surrogate of 1 − mIoU (Berman, Rannen Triki, Blaschko, CVPR 2018)."""

import torch
from torch import Tensor

LOVASZ_SHARE = 0.25
"""Share of the pixels that are used: all are sorted once per label, and a random quarter is as good, and faster."""


def lovasz_softmax(scores: Tensor, labels: Tensor) -> Tensor:
    """Lovász-Softmax over the labels present in the batch: a convex surrogate of 1 − mIoU.

    Berman, Rannen Triki, Blaschko, CVPR 2018, algorithm 1; on a random ``LOVASZ_SHARE`` of the pixels whose label
    is known exactly. Shapes as in ``cross_entropy``.
    """
    known = (labels < scores.shape[1]) & (torch.rand(labels.shape, device=labels.device) < LOVASZ_SHARE)
    chances = scores.softmax(1).permute(0, 2, 3, 1)[known]
    truth = labels[known]
    losses = []
    for label in torch.unique(truth):
        foreground = (truth == label).to(chances.dtype)
        errors, order = (foreground - chances[:, label]).abs().sort(descending=True)
        losses.append(errors @ lovasz_gradient(foreground[order]))
    return torch.stack(losses).mean() if losses else scores.sum() * 0


def lovasz_gradient(sorted_truth: Tensor) -> Tensor:
    """Gradient of the Lovász extension of the Jaccard loss; ``sorted_truth`` (P,) of 0 and 1, worst error first."""
    total = sorted_truth.sum()
    intersection = total - sorted_truth.cumsum(0)
    union = total + (1 - sorted_truth).cumsum(0)
    jaccard = 1 - intersection / union
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
