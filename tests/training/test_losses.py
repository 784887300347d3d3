import numpy as np
import pytest
import torch

from training.data.heat_maps import heat_maps
from training.labels.lip import IGNORE
from training.losses.cross_entropy import cross_entropy
from training.losses.heat_map import heat_map_loss
from training.losses.lovasz import lovasz_gradient, lovasz_softmax
from training.networks.lite.objective import joint_loss
from training.networks.lite.recipe import LiteLossRecipe
from training.networks.stage import Stage

RECIPE = LiteLossRecipe(background=0.5, pose=1.0, sigma=2.0)
COARSE = 254
POSSIBLE = torch.zeros(256, 3, dtype=torch.bool)
"""Three labels, and a coarse one of the last two."""
POSSIBLE[:3] = torch.eye(3, dtype=torch.bool)
POSSIBLE[COARSE, 1:] = True


def certain(labels, classes=3, margin=30.0):
    """Scores that say ``labels`` with certainty."""
    return margin * torch.nn.functional.one_hot(labels.clamp_max(classes - 1), classes).permute(0, 3, 1, 2).float()


@pytest.fixture
def labels():
    return torch.tensor([[[0, 1, 2, 1] * 8] * 16])


class TestCrossEntropy:
    def test_background_weighs_less(self):
        scores = torch.zeros(1, 3, 1, 2)
        scores[0, 1, 0, 0] = 1.0  # wrong on the background pixel only
        truth = torch.tensor([[[0, 1]]])
        assert cross_entropy(scores, truth, 0.1, POSSIBLE) < cross_entropy(scores, truth, 1.0, POSSIBLE)

    def test_unknown_pixels_cost_nothing(self):
        truth = torch.tensor([[[0, IGNORE]]])
        a, b = torch.zeros(1, 3, 1, 2), torch.zeros(1, 3, 1, 2)
        b[0, 2, 0, 1] = 9.0
        assert cross_entropy(a, truth, 1.0, POSSIBLE) == cross_entropy(b, truth, 1.0, POSSIBLE)

    def test_a_coarse_label_costs_what_its_labels_leave_out(self):
        # Probabilities 0.2, 0.3, 0.5; the pixel may be 1 or 2.
        scores = torch.tensor([0.2, 0.3, 0.5]).log().reshape(1, 3, 1, 1)
        assert cross_entropy(scores, torch.tensor([[[COARSE]]]), 1.0, POSSIBLE).item() == pytest.approx(-np.log(0.8))

    def test_coarse_and_exact_pixels_weigh_alike(self):
        scores = torch.tensor([0.2, 0.3, 0.5]).log().reshape(1, 3, 1, 1).expand(1, 3, 1, 3)
        truth = torch.tensor([[[0, COARSE, IGNORE]]])
        weighted = (0.5 * -np.log(0.2) - np.log(0.8)) / 1.5
        assert cross_entropy(scores, truth, 0.5, POSSIBLE).item() == pytest.approx(weighted)


class TestLovasz:
    def test_gradient_by_hand(self):
        # Truth 1, 0, 1 by falling error: Jaccard losses 1/2, 2/3, 1.
        gradient = lovasz_gradient(torch.tensor([1.0, 0.0, 1.0]))
        assert gradient.tolist() == pytest.approx([1 / 2, 2 / 3 - 1 / 2, 1 / 3])

    def test_right_answers_cost_nothing_and_wrong_ones_everything(self, labels):
        assert lovasz_softmax(certain(labels), labels).item() == pytest.approx(0, abs=1e-6)
        assert lovasz_softmax(certain((labels + 1) % 3), labels).item() == pytest.approx(1, abs=1e-6)

    def test_coarse_labels_are_not_looked_at(self):
        scores = torch.zeros(1, 3, 2, 2, requires_grad=True)
        assert lovasz_softmax(scores, torch.full((1, 2, 2), COARSE)).item() == 0

    def test_nothing_known_costs_nothing(self):
        scores = torch.zeros(1, 3, 2, 2, requires_grad=True)
        loss = lovasz_softmax(scores, torch.full((1, 2, 2), IGNORE))
        loss.backward()
        assert loss.item() == 0


def gaussian(x, y, sigma=2.0):
    """The map (1, 1, 32, 24) of a joint in the middle of cell (x, y)."""
    joints = np.array([[4 * x + 1.5, 4 * y + 1.5, 1]], np.float32)
    return torch.from_numpy(heat_maps(joints, 128, 96, 4, sigma)[0])[None]


ONE = torch.ones(1, 1)


class TestHeatMapLoss:
    @pytest.mark.parametrize(("x", "y"), [(12, 16), (0, 16), (0, 0)])
    def test_to_miss_a_joint_costs_one_even_where_the_border_cuts_its_gaussian(self, x, y):
        target = gaussian(x, y)
        assert heat_map_loss(torch.zeros_like(target), target, ONE, sigma=2.0).item() == pytest.approx(1)

    def test_an_absent_joint_that_is_not_seen_costs_nothing(self):
        nothing = torch.zeros(1, 1, 32, 24)
        assert heat_map_loss(nothing, nothing, ONE, sigma=2.0).item() == 0

    @pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
    def test_an_absent_joint_that_is_seen_costs_one(self, sigma):
        seen = gaussian(12, 16, sigma)
        assert heat_map_loss(seen, torch.zeros_like(seen), ONE, sigma).item() == pytest.approx(1, rel=1e-3)

    def test_unmarked_joints_cost_nothing(self):
        target = torch.zeros(1, 2, 4, 4)
        target[0, 0, 1, 1] = 1
        predicted = target.clone()
        predicted[0, 1] = 100
        assert heat_map_loss(predicted, target, torch.tensor([[1.0, 0.0]]), sigma=2.0).item() == 0


def test_every_stage_is_supervised_on_both_tasks(labels):
    stages = [
        Stage(torch.rand(1, 3, 8, 16, requires_grad=True), torch.rand(1, 2, 8, 16, requires_grad=True))
        for _ in range(3)
    ]
    maps, weights = torch.rand(1, 2, 8, 16), torch.ones(1, 2)
    joint_loss(stages, labels, maps, weights, RECIPE, POSSIBLE)["total"].backward()
    for stage in stages:
        assert stage.parsing.grad.abs().sum() > 0
        assert stage.pose.grad.abs().sum() > 0
