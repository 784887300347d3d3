"""From what the cells say to people's boxes: peaks in the network's graph, then suppression of doubles in numpy."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from training.data.box_overlap import Boxes, Scores, overlaps
from training.networks.detector.cells import STRIDE, Cells

CANDIDATES = 64
"""Boxes that leave the graph for each photo, best first."""

PEAK = 3
"""A cell is a candidate where no score is higher within this many cells' square."""

LEAST_AREA = 0.02
"""Of the input; a smaller box is no candidate. At 192² that is a person of about 17 × 43 pixels. What is found below is
mostly members of crowds whom nobody boxed: without them F1 on the validation and tuning photos rises from 0.653 to
0.672 at 192² and from 0.670 to 0.694 at 224²."""


def cell_boxes(cells: Cells) -> Tensor:
    """Every cell's box, (N, 4, h, w): left, top, right, bottom in input pixels, not clipped."""
    _, _, height, width = cells.center.shape
    y = torch.arange(height, device=cells.center.device, dtype=cells.offset.dtype)[:, None]
    x = torch.arange(width, device=cells.center.device, dtype=cells.offset.dtype)
    half_height, half_width = (cells.size.clamp_min(0) / 2).unbind(1)
    middle_y, middle_x = cells.offset.unbind(1)
    middle_y, middle_x = middle_y + y, middle_x + x
    sides = [middle_x - half_width, middle_y - half_height, middle_x + half_width, middle_y + half_height]
    return torch.stack(sides, 1) * STRIDE


def candidates(cells: Cells, limit: int = CANDIDATES, peak: int = PEAK) -> tuple[Tensor, Tensor]:
    """The best peaks: boxes (N, limit, 4) as ``cell_boxes`` has them, clipped to the input, and scores (N, limit) in
    0–1, falling. Boxes smaller than ``LEAST_AREA`` are none. Fewer than ``limit`` peaks: the rest has a score of 0.
    """
    _, _, height, width = cells.center.shape
    left, top, right, bottom = cell_boxes(cells).unbind(1)
    left, right = left.clamp(0, width * STRIDE), right.clamp(0, width * STRIDE)
    top, bottom = top.clamp(0, height * STRIDE), bottom.clamp(0, height * STRIDE)
    large = (right - left) * (bottom - top) >= LEAST_AREA * (height * STRIDE) * (width * STRIDE)
    scores = cells.center.sigmoid()
    highest = F.max_pool2d(scores, peak, 1, peak // 2)
    wanted = (scores >= highest) & large[:, None]
    best, index = torch.where(wanted, scores, torch.zeros_like(scores)).flatten(1).topk(limit, 1)
    boxes = torch.stack([left, top, right, bottom], 1).flatten(2)
    return boxes.gather(2, index[:, None].expand(-1, 4, -1)).permute(0, 2, 1), best


def suppress(boxes: Boxes, scores: Scores, least_score: float, most_overlap: float) -> npt.NDArray[np.intp]:
    """Indices of the boxes to keep, best first: greedy non-maximum suppression.

    ``boxes``: (K, 4) left, top, right, bottom. ``scores``: (K,). A box below ``least_score`` goes, and so does one
    whose intersection over union with a better one is above ``most_overlap``.
    """
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= least_score]
    kept: list[np.intp] = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[overlaps(boxes[best], boxes[order]) <= most_overlap]
    return np.array(kept, np.intp)
