"""Losses of the joint network. Every stage is supervised on both tasks."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.label_set import IGNORE
from training.networks.stage import Stage

LOVASZ_SHARE = 0.25
"""Lovász sorts every pixel once a label; a random quarter of them says the same at a quarter of the time."""


def cross_entropy(scores: Tensor, labels: Tensor, background_weight: float) -> Tensor:
    """Pixel-wise cross-entropy; ``scores`` (N, L, h, w), ``labels`` (N, h, w) with 255 = unknown.

    The background fills most of every photo; ``background_weight`` (0–1) keeps it from drowning the parts.
    """
    weights = torch.ones(scores.shape[1], device=scores.device)
    weights[0] = background_weight
    return F.cross_entropy(scores, labels, weight=weights, ignore_index=IGNORE)


def lovasz_softmax(scores: Tensor, labels: Tensor) -> Tensor:
    """Lovász-Softmax over the labels present in the batch: a convex surrogate of 1 − mIoU.

    Berman, Rannen Triki, Blaschko, CVPR 2018, algorithm 1; on a random ``LOVASZ_SHARE`` of the pixels. Shapes as in
    ``cross_entropy``.
    """
    known = (labels != IGNORE) & (torch.rand(labels.shape, device=labels.device) < LOVASZ_SHARE)
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


def heat_map_loss(predicted: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Squared error of each marked joint's map relative to the target's own energy, so that an empty map costs 1.

    ``predicted``, ``target``: (N, J, h, w). ``weights``: (N, J), 0 where a joint is not marked.
    """
    error = (predicted - target).square().sum((2, 3))
    energy = target.square().sum((2, 3)).clamp_min(1e-6)
    return (weights * error / energy).sum() / weights.sum().clamp_min(1)


def joint_loss(
    stages: list[Stage], labels: Tensor, maps: Tensor, weights: Tensor, background_weight: float, pose_weight: float
) -> dict[str, Tensor]:
    """The terms of the light network's loss and their ``total``.

    ``labels`` (N, 2h, 2w), twice the stages' grid (h, w). Earlier stages learn on the coarse grid; the last one learns
    on the fine grid and adds Lovász, half and half.
    """
    coarse = labels[:, ::2, ::2]
    last = F.interpolate(stages[-1].parsing, scale_factor=2.0, mode="bilinear", align_corners=False)
    early = [cross_entropy(stage.parsing, coarse, background_weight) for stage in stages[:-1]]
    terms = {
        "parsing": cross_entropy(last, labels, background_weight),
        "lovasz": lovasz_softmax(last, labels),
        "parsing_early": torch.stack(early).mean(),
        "pose": heat_map_loss(stages[-1].pose, maps, weights),
        "pose_early": torch.stack([heat_map_loss(stage.pose, maps, weights) for stage in stages[:-1]]).mean(),
    }
    parsing = 0.5 * terms["parsing"] + 0.5 * terms["lovasz"] + 0.5 * terms["parsing_early"]
    terms["total"] = parsing + pose_weight * (terms["pose"] + 0.5 * terms["pose_early"])
    return terms
