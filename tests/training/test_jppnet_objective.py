"""The original's loss and schedule, worked by hand."""

import pytest
import torch
from torch import nn

from training.labels.label_set import IGNORE
from training.labels.lip import LIP
from training.losses.structure import region_members, structure_distance
from training.networks.jppnet.objective import JPPNetObjective, cross_entropy_of_known, pose_distance
from training.networks.presets import load_recipe
from training.networks.stage import Stage


class Silent(nn.Module):
    """Three stages that say nothing: all scores 0, all maps empty. Remembers the sizes that it was shown."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        count, _, height, width = images.shape
        self.seen.append((height, width))
        cells = (height // 8, width // 8)
        return [Stage(torch.zeros(count, 20, *cells), torch.zeros(count, 16, *cells)) for _ in range(3)]


def batch(labels):
    """Two photos of 64 × 32; the first has one heat map with one cell of 2, the second no marked joint."""
    maps = torch.zeros(2, 16, 4, 8)
    maps[0, 3, 0, 0] = 2.0
    weights = torch.zeros(2, 16)
    weights[0, 3] = 1
    return torch.zeros(2, 3, 32, 64), labels, maps, weights


def test_twelve_terms_a_task():
    network, recipe = Silent(), load_recipe("jppnet-s2").loss
    objective = JPPNetObjective(network, torch.float32, recipe, LIP)
    terms = objective(*batch(torch.ones(2, 32, 64, dtype=torch.int64)))
    assert network.seen == [(32, 64), (24, 48), (16, 32)]
    uniform = torch.log(torch.tensor(20.0)).item()
    for stage in (1, 2, 3):
        assert terms[f"parsing_{stage}"].item() == pytest.approx(4 * uniform)
        # Silent on a map of one cell of 2: √4 for the one photo of two, at every scale, as its cell (0, 0) is kept.
        assert terms[f"pose_{stage}"].item() == pytest.approx(4 * 2 / 2)
    assert terms["total"].item() == pytest.approx(12 * uniform + 12)


def test_unknown_pixels_cost_nothing():
    scores = torch.zeros(2, 3, 1, 2)
    scores[0, 2, 0, 1] = 99.0
    labels = torch.tensor([[[0, IGNORE]], [[IGNORE, IGNORE]]])
    assert cross_entropy_of_known(scores, labels).tolist() == pytest.approx([torch.log(torch.tensor(3.0)).item(), 0])


def test_pose_is_the_root_over_all_joints_of_a_photo():
    predicted = torch.zeros(1, 2, 1, 2)
    maps = torch.tensor([[[[3.0, 0.0]], [[0.0, 4.0]]]])
    assert pose_distance(predicted, maps, torch.ones(1, 2)).item() == 5
    assert pose_distance(predicted, maps, torch.zeros(1, 2)).item() == 0


def test_structure_weighs_the_parsing_terms_only():
    labels = torch.zeros(2, 32, 64, dtype=torch.int64)
    labels[:, 8:24, 16:48] = 13
    plain = JPPNetObjective(Silent(), torch.float32, load_recipe("jppnet-s2").loss, LIP)(*batch(labels))
    weighed = JPPNetObjective(Silent(), torch.float32, load_recipe("ss-jppnet").loss, LIP)(*batch(labels))
    assert weighed["pose_1"] == plain["pose_1"]
    # At full scale: nothing is predicted, so the weight is half the energy of the face's heat map (σ is one cell).
    truth = labels[:, ::8, ::8]
    weight = structure_distance(torch.zeros_like(truth), truth, region_members(LIP), 1.0)
    objective = JPPNetObjective(Silent(), torch.float32, load_recipe("ss-jppnet").loss, LIP)
    cost = objective.parsing(torch.zeros(2, 20, 4, 8), labels)
    assert cost.item() == pytest.approx(weight[0].item() * torch.log(torch.tensor(20.0)).item())


def test_the_learning_rate_falls_by_the_power_of_what_is_left():
    schedule = load_recipe("jppnet-s2").schedule
    assert schedule.rate_factor(0) == 1
    assert schedule.rate_factor(17.5) == pytest.approx(0.5**0.9)
    assert schedule.rate_factor(35) == 0
