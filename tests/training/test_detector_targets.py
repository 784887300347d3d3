"""Targets and loss of the person detector, on boxes small enough to be worked by hand."""

import numpy as np
import pytest
import torch

from training.networks.detector.cells import Cells
from training.networks.detector.decode import cell_boxes
from training.networks.detector.objective import box_loss, focal_loss, generalised_iou
from training.networks.detector.targets import make_targets

NOWHERE = np.zeros((0, 4), np.float32)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


class TestTargets:
    def test_a_persons_middle_is_1_at_its_cell_and_falls_with_the_boxs_sides(self):
        # 40 × 80 pixels: 10 × 20 cells, middle at (x 20, y 60) pixels, which is cell (5, 15).
        targets = make_targets(boxes([0, 20, 40, 100]), NOWHERE, 128, 64, spread=0.1, doubtful_weight=0.0)
        assert targets.center.shape == (32, 16)
        assert targets.center[15, 5] == 1
        assert targets.center[15, 6] == pytest.approx(np.exp(-1 / 2))  # deviation: 0.1 · 10 cells
        assert targets.center[16, 5] == pytest.approx(np.exp(-1 / 8))  # 0.1 · 20 cells
        assert targets.center[15, 9] == 0  # beyond three deviations
        assert (targets.center == 1).sum() == 1

    def test_every_cell_under_a_person_learns_the_box_and_one_persons_weights_sum_to_1(self):
        targets = make_targets(boxes([0, 20, 40, 100]), NOWHERE, 128, 64, spread=0.1, doubtful_weight=0.0)
        under = targets.center > 0
        assert (targets.boxes[:, under] == np.array([[0], [20], [40], [100]])).all()
        assert targets.weights[under].sum() == pytest.approx(1)
        assert targets.weights[~under].sum() == 0

    def test_where_two_overlap_the_smaller_ones_box_is_learnt(self):
        large, small = [0, 0, 64, 64], [24, 24, 40, 40]
        for order in ([large, small], [small, large]):
            targets = make_targets(boxes(*order), NOWHERE, 64, 64, spread=0.2, doubtful_weight=0.0)
            assert targets.boxes[:, 8, 8].tolist() == small

    def test_a_doubtful_area_counts_in_part_and_people_within_it_count_whole(self):
        targets = make_targets(boxes([8, 8, 24, 24]), boxes([0, 0, 40, 32]), 64, 64, spread=0.05, doubtful_weight=0.25)
        assert targets.known[4, 4] == 1  # the person's middle
        assert targets.known[1, 8] == 0.25
        assert targets.known[15, 15] == 1

    def test_a_person_at_the_rim_has_a_cell(self):
        targets = make_targets(boxes([60, 60, 64, 64], [0, 0, 4, 4]), NOWHERE, 64, 64, spread=0.1, doubtful_weight=0.0)
        assert targets.center[15, 15] == 1
        assert targets.center[0, 0] == 1


class TestLoss:
    def test_focal_loss_by_hand(self):
        logits, center = torch.tensor([[[0.0, 2.0, -1.0]]]), torch.tensor([[[1.0, 0.5, 0.0]]])
        p = 1 / (1 + np.exp([-2.0, 1.0]))
        expected = 0.25 * np.log(2) - 0.5**4 * p[0] ** 2 * np.log(1 - p[0]) - p[1] ** 2 * np.log(1 - p[1])
        assert focal_loss(logits, center, torch.ones(1, 1, 3)) == pytest.approx(expected, rel=1e-5)
        # What is not known costs nothing; a middle always counts.
        unknown = torch.tensor([[[0.0, 0.0, 0.0]]])
        assert focal_loss(logits, center, unknown) == pytest.approx(0.25 * np.log(2), rel=1e-5)

    def test_a_batch_of_nobody_costs_what_is_said_of_somebody(self):
        quiet, loud = (
            focal_loss(torch.full((1, 4, 4), value), torch.zeros(1, 4, 4), torch.ones(1, 4, 4)) for value in (-9.0, 3.0)
        )
        assert quiet < 1e-5 < 1 < loud

    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            ([0, 0, 10, 10], 1.0),
            ([5, 0, 15, 10], 50 / 150),  # the hull is the union: plain IoU
            ([20, 0, 30, 10], -10 / 30),  # apart: minus what of the hull is empty
            ([0, 0, 5, 5], 25 / 100),
        ],
    )
    def test_generalised_iou(self, other, expected):
        a, b = torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([other], dtype=torch.float32)
        assert generalised_iou(a, b).item() == pytest.approx(expected, abs=1e-5)

    def test_box_loss_is_0_for_cells_that_say_the_targets_box(self):
        targets = make_targets(boxes([4, 8, 44, 56]), NOWHERE, 64, 64, spread=0.15, doubtful_weight=0.0)
        rows, columns = np.mgrid[:16, :16].astype(np.float32)
        size = torch.stack([torch.full((16, 16), 12.0), torch.full((16, 16), 10.0)])[None]
        offset = torch.from_numpy(np.stack([8 - rows, 6 - columns]))[None]
        predicted = cell_boxes(Cells(torch.zeros(1, 1, 16, 16), size, offset))
        truth, weights = torch.from_numpy(targets.boxes)[None], torch.from_numpy(targets.weights)[None]
        assert box_loss(predicted, truth, weights).item() == pytest.approx(0, abs=1e-5)
        assert box_loss(predicted + 4, truth, weights).item() > 0.1
