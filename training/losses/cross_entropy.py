"""Pixel-wise cross-entropy of label scores."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.labels.label_set import IGNORE


def cross_entropy(scores: Tensor, labels: Tensor, background_weight: float) -> Tensor:
    """Pixel-wise cross-entropy; ``scores`` (N, L, h, w), ``labels`` (N, h, w) with 255 = unknown.

    ``background_weight``, 0–1: the background fills most of every photo, and at weight 1 would dominate the parts.
    """
    weights = torch.ones(scores.shape[1], device=scores.device)
    weights[0] = background_weight
    return F.cross_entropy(scores, labels, weight=weights, ignore_index=IGNORE)
