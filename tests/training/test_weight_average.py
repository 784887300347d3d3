"""Weights between two checkpoints."""

import pytest
import torch

from training.checkpoints.calibration import Calibration
from training.checkpoints.checkpoint import Checkpoint
from training.checkpoints.weight_average import average_weights
from training.labels.lip import LIP
from training.networks.presets import load_recipe
from training.networks.registry import build_network


def checkpoint(value, recipe="lite"):
    """A network whose every weight is ``value``, measured and calibrated."""
    network = build_network(load_recipe(recipe), LIP)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.fill_(value)
    return Checkpoint(network, load_recipe(recipe), LIP, {}, {"mean_iou": 0.5}, Calibration(temperature=2.0))


def test_every_weight_lies_between_and_counters_are_the_later_ones():
    mixed = average_weights(checkpoint(1), checkpoint(5), share=0.75)
    for tensor in mixed.network.state_dict().values():
        assert torch.all(tensor == (4 if tensor.is_floating_point() else 5))


def test_neither_checkpoint_is_changed():
    earlier, later = checkpoint(1), checkpoint(5)
    average_weights(earlier, later, share=0.75)
    for value, unchanged in ((1, earlier), (5, later)):
        assert all(torch.all(tensor == value) for tensor in unchanged.network.state_dict().values())


@pytest.mark.parametrize("share", [-0.1, 1.1, 75])
def test_a_share_lies_between_0_and_1(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        average_weights(checkpoint(1), checkpoint(5), share)


def test_nobody_has_measured_the_result():
    mixed = average_weights(checkpoint(1), checkpoint(5), share=0.5)
    assert mixed.metrics == {}
    assert mixed.calibration == Calibration()


def test_two_networks_have_no_average():
    with pytest.raises(ValueError, match="same network"):
        average_weights(checkpoint(1), checkpoint(1, "base"), share=0.5)
