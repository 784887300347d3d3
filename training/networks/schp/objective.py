"""SCHP's loss, without its cycles of self-correction (``training.weight_average`` averages the weights of two runs)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.labels.label_set import IGNORE
from training.losses.cross_entropy import cross_entropy_of_known
from training.losses.lovasz import lovasz_softmax
from training.networks.objective import Objective, Terms
from training.networks.schp.network import Schp, normalised
from training.networks.schp.recipe import SchpLossRecipe


class SchpObjective(Objective):
    """Cross-entropy and Lovász-Softmax of both label predictions, and cross-entropy of the borders between parts."""

    network: Schp

    def __init__(self, network: Schp, precision: torch.dtype, recipe: SchpLossRecipe) -> None:
        super().__init__(network, precision)
        self.recipe = recipe

    def forward(self, images: Tensor, labels: Tensor, maps: Tensor, weights: Tensor) -> Terms:
        mixed = self.precision != torch.float32
        with torch.autocast(images.device.type, self.precision if mixed else None, enabled=mixed):
            outputs = self.network.outputs(normalised(images))
        parsing, fusion, edge = (
            F.interpolate(scores.float(), size=labels.shape[1:], mode="bilinear", align_corners=True)
            for scores in outputs
        )
        labels = torch.where(labels < fusion.shape[1], labels, IGNORE)  # the original knows no coarse labels
        terms = {
            "decoder": cross_entropy_of_known(parsing, labels).mean() + lovasz_softmax(parsing, labels),
            "parsing": cross_entropy_of_known(fusion, labels).mean() + lovasz_softmax(fusion, labels),
            "edge": edge_loss(edge, part_borders(labels)),
        }
        terms["total"] = terms["decoder"] + terms["parsing"] + self.recipe.edge * terms["edge"]
        return terms


def part_borders(labels: Tensor) -> Tensor:
    """Which pixels of label maps (N, H, W) lie within one pixel of another label: 1 or 0, 255 where unknown."""
    known = labels != IGNORE
    planes = labels.float()[:, None]
    lowest = -F.max_pool2d(-torch.where(known[:, None], planes, 2.0 * IGNORE), 3, 1, padding=1)
    highest = F.max_pool2d(torch.where(known[:, None], planes, -1.0), 3, 1, padding=1)
    return torch.where(known, (highest > lowest)[:, 0].long(), IGNORE)


def edge_loss(scores: Tensor, borders: Tensor) -> Tensor:
    """Cross-entropy of border scores (N, 2, H, W); either class weighs the share of the other one in the batch."""
    border, inner = (borders == 1).sum(), (borders == 0).sum()
    weights = torch.stack([border, inner]) / (border + inner).clamp_min(1)
    total = F.cross_entropy(scores, borders, weight=weights, ignore_index=IGNORE, reduction="sum")
    return total / (weights[0] * inner + weights[1] * border).clamp_min(1e-6)
