"""Loss of the person detector: focal loss of the middles, generalised IoU of the boxes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.detector.cells import Cells
from training.networks.detector.decode import cell_boxes
from training.networks.detector.recipe import DetectorLossRecipe


class DetectorObjective(nn.Module):
    """Takes images (N, 3, H, W) as float32 and the fields of ``Targets``, batched; gives the terms and ``total``."""

    def __init__(self, network: nn.Module, recipe: DetectorLossRecipe) -> None:
        super().__init__()
        self.network, self.recipe = network, recipe

    def forward(
        self, images: Tensor, center: Tensor, known: Tensor, boxes: Tensor, weights: Tensor
    ) -> dict[str, Tensor]:
        cells: Cells = self.network(images)
        terms = {
            "center": focal_loss(cells.center[:, 0], center, known),
            "box": box_loss(cell_boxes(cells), boxes, weights),
        }
        terms["total"] = self.recipe.center * terms["center"] + self.recipe.box * terms["box"]
        return terms


def focal_loss(logits: Tensor, center: Tensor, known: Tensor) -> Tensor:
    """CenterNet's penalty-reduced focal loss (α 2, β 4) over all pictures' people; (N, h, w) each.

    Where ``known`` is 0, nothing is learnt.
    """
    probability = logits.sigmoid()
    is_middle = center == 1
    right = (1 - probability) ** 2 * F.logsigmoid(logits)
    wrong = (1 - center) ** 4 * probability**2 * F.logsigmoid(-logits) * known
    return -torch.where(is_middle, right, wrong).sum() / is_middle.sum().clamp_min(1)


def box_loss(predicted: Tensor, boxes: Tensor, weights: Tensor) -> Tensor:
    """1 − generalised IoU (Rezatofighi et al., CVPR 2019), the weighted mean over cells; boxes (N, 4, h, w)."""
    chosen = weights > 0
    loss = 1 - generalised_iou(predicted.permute(0, 2, 3, 1)[chosen], boxes.permute(0, 2, 3, 1)[chosen])
    return (loss * weights[chosen]).sum() / weights.sum().clamp_min(1e-6)


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """Of pairs of boxes (M, 4), left, top, right, bottom: (M,), from −1 to 1."""
    sides = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp_min(0)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    intersection, around = sides.prod(1), hull.prod(1).clamp_min(1e-6)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - intersection
    return intersection / union.clamp_min(1e-6) - (around - union) / around
