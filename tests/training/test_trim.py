"""A cheaper network from a trained one."""

import pytest
import torch

from training.calibration import Calibration
from training.checkpoint import Checkpoint, build_network
from training.labels import LIP
from training.recipe import load_recipe
from training.trim import trim


def checkpoint(preset="lite-distilled", **changes):
    """An untrained network whose last stage has something to say, measured and calibrated."""
    recipe = load_recipe(preset)
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=changes)})
    torch.manual_seed(0)
    network = build_network(recipe, LIP).eval()
    if preset == "lite-distilled":
        for branch in (network.finish.heads.parsing, network.finish.heads.pose):
            torch.nn.init.normal_(branch[1].weight)
    return Checkpoint(network, recipe, LIP, {"name": "photos"}, {"mean_iou": 0.5}, Calibration(temperature=2.0))


@torch.inference_mode()
def test_what_is_left_out_is_all_that_is_missing():
    """Where the middle stage changes nothing and kernels are empty outside of 3×3, the answers are the same."""
    whole = checkpoint()
    for name, value in whole.network.state_dict().items():
        if name.startswith("changes.0.") and ".1." in name:
            value.zero_()
        if name.startswith("finish.heads.") and name.endswith(".0.0.weight"):
            border = torch.ones(5, 5, dtype=torch.bool)
            border[1:4, 1:4] = False
            value[:, :, border] = 0
    images = torch.rand(2, 3, 64, 96) * 255
    first, _, last = whole.network(images)
    shorter = trim(whole).network(images)
    for stage, expected in zip(shorter, (first, last), strict=True):
        torch.testing.assert_close(stage.parsing, expected.parsing)
        torch.testing.assert_close(stage.pose, expected.pose)


def test_its_recipe_says_so_and_nobody_has_measured_it():
    trimmed = trim(checkpoint())
    assert (trimmed.recipe.network.refinements, trimmed.recipe.network.finish_kernel) == (1, 3)
    assert trimmed.recipe.network == load_recipe("lite").network
    assert (trimmed.metrics, trimmed.calibration) == ({}, Calibration())


@pytest.mark.parametrize("other", [checkpoint("jppnet-s2", slimming=32), checkpoint(refinements=1)])
def test_of_others_there_is_nothing_to_trim(other):
    with pytest.raises(ValueError, match="nothing to trim"):
        trim(other)
