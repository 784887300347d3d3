"""Squared error of joint heat maps."""

import math

import torch
from torch import Tensor


def heat_map_loss(predicted: Tensor, target: Tensor, weights: Tensor, sigma: float) -> Tensor:
    """Squared error of each known joint's map, normalised: a missed joint costs 1, and so does a false one.

    ``predicted``, ``target``: (N, J, h, w). ``weights``: (N, J), 0 where nothing is known of a joint. The error is
    divided by the energy of the target's Gaussian, which the border may cut; for an empty target by that of a whole
    Gaussian of peak 1 and ``sigma`` cells, Σ exp(−r² / sigma²) ≈ π sigma² (the integral over the plane; right to 2 in
    10⁴ from sigma 1 on).
    """
    error = (predicted - target).square().sum((2, 3))
    own = target.square().sum((2, 3))
    energy = torch.where(own > 0, own, math.pi * sigma**2)
    return (weights * error / energy).sum() / weights.sum().clamp_min(1)
