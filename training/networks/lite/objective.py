"""The light network's loss: cross-entropy, Lovász-Softmax and heat maps; every stage is supervised on both tasks."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.labels.label_set import LabelSet
from training.losses.cross_entropy import cross_entropy
from training.losses.heat_map import heat_map_loss
from training.losses.lovasz import lovasz_softmax
from training.networks.lite.recipe import LiteLossRecipe
from training.networks.network import Network
from training.networks.objective import Objective, Terms
from training.networks.stage import Stage


class LiteObjective(Objective):
    """The light network's loss."""

    possible: Tensor

    def __init__(self, network: Network, precision: torch.dtype, recipe: LiteLossRecipe, label_set: LabelSet) -> None:
        super().__init__(network, precision)
        self.recipe = recipe
        self.register_buffer("possible", torch.from_numpy(label_set.possible_labels), persistent=False)

    def forward(self, images: Tensor, labels: Tensor, maps: Tensor, weights: Tensor) -> Terms:
        return joint_loss(self.stages(images), labels, maps, weights, self.recipe, self.possible)


def joint_loss(
    stages: list[Stage], labels: Tensor, maps: Tensor, weights: Tensor, recipe: LiteLossRecipe, possible: Tensor
) -> dict[str, Tensor]:
    """The terms of the light network's loss and their ``total``.

    ``labels`` (N, 2h, 2w), twice the stages' grid (h, w); ``possible`` as in ``cross_entropy``. Earlier stages are
    supervised on the coarse grid, the last one on the fine grid, with the mean of cross-entropy and Lovász-Softmax. A
    network's only stage is both.
    """
    coarse = labels[:, ::2, ::2]
    last = F.interpolate(stages[-1].parsing, scale_factor=2.0, mode="bilinear", align_corners=False)
    early = [cross_entropy(stage.parsing, coarse, recipe.background, possible) for stage in stages[:-1] or stages]
    poses = [heat_map_loss(stage.pose, maps, weights, recipe.sigma) for stage in stages]
    terms = {
        "parsing": cross_entropy(last, labels, recipe.background, possible),
        "lovasz": lovasz_softmax(last, labels),
        "parsing_early": torch.stack(early).mean(),
        "pose": poses[-1],
        "pose_early": torch.stack(poses[:-1] or poses).mean(),
    }
    parsing = 0.5 * terms["parsing"] + 0.5 * terms["lovasz"] + 0.5 * terms["parsing_early"]
    terms["total"] = recipe.parsing * parsing + recipe.pose * (terms["pose"] + 0.5 * terms["pose_early"])
    return terms
