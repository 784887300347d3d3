"""Structure-sensitive loss (self-supervised): distance between predicted and true body structure, as a loss weight.

Gong, Liang, Zhang, Shen, Lin: "Look into Person", CVPR 2017, section 4. Regions of a label map (for LIP nine: head,
upper and lower body, arms, legs, shoes) have centres; the centres, drawn as heat maps, are compared. No joint needs to
be annotated for it. The distance multiplies the parsing loss: a mask with the right shapes in the wrong places costs
more. It is a weight only, arg-max has no gradient.
"""

import torch
from torch import Tensor

from training.errors.input_error import InputError
from training.labels.label_set import IGNORE, LabelSet


def region_members(label_set: LabelSet) -> Tensor:
    """Which label belongs to which region: bool (R, 256). Raises InputError for a label set without regions."""
    if not label_set.regions:
        raise InputError(f"the structure-sensitive loss needs regions, and {label_set.name}'s label file names none")
    members = torch.zeros(len(label_set.regions), 256, dtype=torch.bool)
    for region, names in enumerate(label_set.regions.values()):
        members[region, [label_set.label_id[name] for name in names]] = True
    return members


def center_maps(labels: Tensor, members: Tensor, sigma: float) -> Tensor:
    """Heat maps of the regions' centres, (N, R, h, w), from label maps (N, h, w); empty for a region that is not there.

    Peak 1, ``sigma`` in cells.
    """
    inside = members.to(labels.device)[:, labels].transpose(0, 1).float()
    height, width = labels.shape[1:]
    rows = torch.arange(height, device=labels.device, dtype=torch.float32)
    columns = torch.arange(width, device=labels.device, dtype=torch.float32)
    size = inside.sum((2, 3))
    row = (inside.sum(3) @ rows) / size.clamp_min(1)
    column = (inside.sum(2) @ columns) / size.clamp_min(1)
    down = torch.exp(-((rows - row[..., None]) ** 2) / (2 * sigma**2))
    across = torch.exp(-((columns - column[..., None]) ** 2) / (2 * sigma**2))
    return down[..., :, None] * across[..., None, :] * (size > 0)[..., None, None]


def structure_distance(predicted: Tensor, truth: Tensor, members: Tensor, sigma: float) -> Tensor:
    """Each photo's distance (N,) between two label maps (N, h, w): Σ‖map − true map‖² / 2 a region that is there.

    Where the truth is unknown, the prediction does not count either.
    """
    known = torch.where(truth == IGNORE, truth, predicted)
    theirs = center_maps(truth, members, sigma)
    difference = center_maps(known, members, sigma) - theirs
    there = (theirs.amax((2, 3)) > 0).sum(1).clamp_min(1)
    return difference.square().sum((1, 2, 3)) / (2 * there)
