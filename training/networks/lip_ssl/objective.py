"""LIP_SSL's loss, as its authors trained it."""

import torch
from torch import Tensor

from training.labels.label_set import IGNORE, LabelSet
from training.losses.cross_entropy import cross_entropy_of_known
from training.losses.structure import region_members, structure_distance
from training.networks.lip_ssl.recipe import LipSslLossRecipe
from training.networks.network import Network
from training.networks.objective import Objective, Terms


class LipSslObjective(Objective):
    """Cross-entropy at stride 8 of each scale's scores and of the answer.

    With ``recipe.structure`` every photo's term is multiplied by its structure distance: Gong et al., CVPR 2017.
    """

    def __init__(self, network: Network, precision: torch.dtype, recipe: LipSslLossRecipe, label_set: LabelSet) -> None:
        super().__init__(network, precision)
        self.sigma = recipe.sigma / network.stride
        self.regions = region_members(label_set) if recipe.structure else None

    def forward(self, images: Tensor, labels: Tensor, maps: Tensor, weights: Tensor) -> Terms:
        stages = self.stages(images)
        truth = labels_of_cells(labels, stages[-1].parsing, self.network.stride)
        truth = torch.where(truth < stages[-1].parsing.shape[1], truth, IGNORE)  # the original knows no coarse labels
        names = ("parsing_1", "parsing_3_4", "parsing_1_2", "parsing")
        terms = {name: self.parsing(stage.parsing, truth) for name, stage in zip(names, stages, strict=True)}
        terms["total"] = torch.stack(list(terms.values())).sum()
        return terms

    def parsing(self, scores: Tensor, truth: Tensor) -> Tensor:
        """One term: ``scores`` (N, L, h, w), ``truth`` (N, h, w)."""
        cost = cross_entropy_of_known(scores, truth)
        if self.regions is not None:
            cost = cost * structure_distance(scores.argmax(1), truth, self.regions, self.sigma)
        return cost.mean()


def labels_of_cells(labels: Tensor, scores: Tensor, stride: int) -> Tensor:
    """Labels (N, H, W) at the pixels that cells stand for: cell i for pixel stride · i; 255 for a cell outside."""
    rows, columns = (stride * torch.arange(cells, device=labels.device) for cells in scores.shape[2:])
    inside = (rows < labels.shape[1])[:, None] & (columns < labels.shape[2])
    read = labels[:, rows.clamp(max=labels.shape[1] - 1)][:, :, columns.clamp(max=labels.shape[2] - 1)]
    return torch.where(inside, read, IGNORE)
