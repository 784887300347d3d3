"""JPPNet's loss, as its authors trained it."""

import torch
from torch import Tensor

from training.labels.label_set import IGNORE, LabelSet
from training.losses.cross_entropy import cross_entropy_of_known
from training.losses.structure import region_members, structure_distance
from training.networks.jppnet.recipe import JPPNetLossRecipe
from training.networks.jppnet.tf1_resize import resize_bilinear, resize_nearest
from training.networks.network import Network
from training.networks.objective import Objective, Terms
from training.networks.stage import Stage


class JPPNetObjective(Objective):
    """The original's loss, 12 terms per task: each of 3 stages, for the input at 3 scales and for their mean."""

    def __init__(self, network: Network, precision: torch.dtype, recipe: JPPNetLossRecipe, label_set: LabelSet) -> None:
        super().__init__(network, precision)
        self.recipe = recipe
        self.regions = region_members(label_set) if recipe.structure else None

    def forward(self, images: Tensor, labels: Tensor, maps: Tensor, weights: Tensor) -> Terms:
        height, width = images.shape[2:]
        sizes = [(int(height * scale), int(width * scale)) for scale in self.recipe.scales]
        by_scale = [self.stages(resize_bilinear(images, size) if size != (height, width) else images) for size in sizes]
        terms: Terms = {}
        for number, answers in enumerate(zip(*by_scale, strict=True), 1):
            answers = (*answers, mean_stage(answers))
            terms[f"parsing_{number}"] = torch.stack([self.parsing(a.parsing, labels) for a in answers]).sum()
            terms[f"pose_{number}"] = torch.stack([pose_distance(a.pose, maps, weights) for a in answers]).sum()
        parsing = sum(value for name, value in terms.items() if name.startswith("parsing"))
        pose = sum(value for name, value in terms.items() if name.startswith("pose"))
        terms["total"] = torch.as_tensor(parsing + self.recipe.pose * pose)
        return terms

    def parsing(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of ``scores`` (N, L, h, w) with ``labels`` (N, H, W), read at every cell's pixel."""
        truth = resize_nearest(labels, (scores.shape[2], scores.shape[3]))
        truth = torch.where(truth < scores.shape[1], truth, IGNORE)  # the original knows no coarse labels
        if self.regions is None:
            return cross_entropy_of_known(scores, truth).mean()
        cell_sigma = self.recipe.sigma * scores.shape[2] / labels.shape[1]
        distance = structure_distance(scores.argmax(1), truth, self.regions, cell_sigma)
        return (distance * cross_entropy_of_known(scores, truth)).mean()


def mean_stage(answers: tuple[Stage, ...]) -> Stage:
    """The mean of one stage's predictions at several scales, on the first one's grid; resized as TensorFlow 1 did."""
    size = (answers[0].parsing.shape[2], answers[0].parsing.shape[3])
    return Stage(
        torch.stack([resize_bilinear(stage.parsing, size) for stage in answers]).mean(0),
        torch.stack([resize_nearest(stage.pose, size) for stage in answers]).mean(0),
    )


def pose_distance(predicted: Tensor, maps: Tensor, weights: Tensor) -> Tensor:
    """√Σ(difference²) over all joints of a photo, then the mean over the photos; maps (N, J, h, w), any two sizes.

    An unmarked joint has an empty map to learn, as in the original. A photo without marked joints has no loss.
    """
    target = resize_nearest(maps, (predicted.shape[2], predicted.shape[3]))
    distance = torch.linalg.vector_norm((predicted - target).flatten(1), dim=1)
    cost: Tensor = (distance * weights.any(1)).mean()
    return cost
