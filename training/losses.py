"""Losses of the joint network. Every stage is supervised on both tasks."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from training.label_set import IGNORE
from training.networks.stage import Stage
from training.recipe import LiteLossRecipe

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


def heat_map_loss(predicted: Tensor, target: Tensor, weights: Tensor, sigma: float) -> Tensor:
    """Squared error of each known joint's map in energies of a Gaussian: to miss a joint costs 1, and so does one that
    is seen where none is.

    ``predicted``, ``target``: (N, J, h, w). ``weights``: (N, J), 0 where nothing is known of a joint. The energy is the
    target's own, for the border may cut its Gaussian; of an empty target it is that of a whole Gaussian of peak 1 and
    ``sigma`` cells, Σ exp(−r² / sigma²) ≈ π sigma² (the integral over the plane; right to 2 in 10⁴ from sigma 1 on).
    """
    error = (predicted - target).square().sum((2, 3))
    own = target.square().sum((2, 3))
    energy = torch.where(own > 0, own, math.pi * sigma**2)
    return (weights * error / energy).sum() / weights.sum().clamp_min(1)


def joint_loss(
    stages: list[Stage], labels: Tensor, maps: Tensor, weights: Tensor, recipe: LiteLossRecipe
) -> dict[str, Tensor]:
    """The terms of the light network's loss and their ``total``.

    ``labels`` (N, 2h, 2w), twice the stages' grid (h, w). Earlier stages learn on the coarse grid; the last one learns
    on the fine grid and adds Lovász, half and half. A network's only stage learns as the first and as the last.
    """
    coarse = labels[:, ::2, ::2]
    last = F.interpolate(stages[-1].parsing, scale_factor=2.0, mode="bilinear", align_corners=False)
    early = [cross_entropy(stage.parsing, coarse, recipe.background) for stage in stages[:-1] or stages]
    poses = [heat_map_loss(stage.pose, maps, weights, recipe.sigma) for stage in stages]
    terms = {
        "parsing": cross_entropy(last, labels, recipe.background),
        "lovasz": lovasz_softmax(last, labels),
        "parsing_early": torch.stack(early).mean(),
        "pose": poses[-1],
        "pose_early": torch.stack(poses[:-1] or poses).mean(),
    }
    parsing = 0.5 * terms["parsing"] + 0.5 * terms["lovasz"] + 0.5 * terms["parsing_early"]
    terms["total"] = recipe.parsing * parsing + recipe.pose * (terms["pose"] + 0.5 * terms["pose_early"])
    return terms
