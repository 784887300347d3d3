"""Pixel-wise cross-entropy of label scores."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from training.labels.label_set import IGNORE


def cross_entropy(scores: Tensor, labels: Tensor, background_weight: float, possible: Tensor) -> Tensor:
    """Pixel-wise cross-entropy, and marginal cross-entropy where only a coarse label is known: a mean over all these
    pixels. ``scores`` (N, L, h, w); ``labels`` (N, h, w) with 255 = unknown; ``possible`` (256, L) as in ``LabelSet``.

    Marginal: −log of the sum of the probabilities of the labels that the pixel may have (Shi et al., Marginal loss and
    exclusion loss for partially supervised multi-organ segmentation, 2021, equation 5). ``background_weight``, 0–1: the
    background fills most of every photo, and at weight 1 would dominate the parts.
    """
    count = scores.shape[1]
    weights = torch.ones(count, device=scores.device)
    weights[0] = background_weight
    is_exact, is_coarse = labels < count, (labels >= count) & (labels != IGNORE)
    exact = torch.where(is_exact, labels, IGNORE)
    total = F.cross_entropy(scores, exact, weight=weights, ignore_index=IGNORE, reduction="sum")
    coarse = scores.permute(0, 2, 3, 1)[is_coarse]
    among = coarse.masked_fill(~possible[labels[is_coarse]], -math.inf)
    marginal = (coarse.logsumexp(1) - among.logsumexp(1)).sum()
    return (total + marginal) / (weights[labels[is_exact]].sum() + len(coarse))


def cross_entropy_of_known(scores: Tensor, labels: Tensor) -> Tensor:
    """Each photo's mean cross-entropy over the pixels that are known, (N,); 0 where none is. Shapes as above."""
    total = F.cross_entropy(scores, labels, ignore_index=IGNORE, reduction="none").sum((1, 2))
    return total / (labels != IGNORE).sum((1, 2)).clamp_min(1)
