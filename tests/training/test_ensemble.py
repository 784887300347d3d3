"""Several light networks that answer as one."""

import pytest
import torch

from export.exporter import export
from tests.helpers.commands import run_command
from tests.helpers.plain_trunk import with_plain_trunk
from training.checkpoints.calibration import Calibration
from training.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, save_safetensors
from training.checkpoints.ensemble import ensemble, members_of
from training.labels.label_set import LabelSet
from training.labels.lip import LIP
from training.loop.initial_weights import network_from_checkpoint
from training.networks.lite.ensemble import LiteEnsemble
from training.networks.presets import load_recipe
from training.networks.registry import build_network, parse_recipe


def checkpoint(preset, seed=0, label_set=LIP, **changes):
    """An untrained network, measured and calibrated."""
    recipe = load_recipe(preset)
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=changes)})
    torch.manual_seed(seed)
    network = build_network(recipe, label_set).eval()
    return Checkpoint(network, recipe, label_set, {"name": "photos"}, {"mean_iou": 0.5}, Calibration(temperature=2.0))


@pytest.fixture(scope="module")
def members():
    return checkpoint("base"), checkpoint("lite")


@pytest.fixture
def images():
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1)) * 255


@torch.inference_mode()
def test_every_stage_is_the_mean_of_the_members(members, images):
    stages = ensemble(members).network(images)
    said = [member.network(images) for member in members]
    assert len(stages) == 3
    for together, first, second in zip(stages, *said, strict=True):
        torch.testing.assert_close(together.parsing, (first.parsing + second.parsing) / 2)
        torch.testing.assert_close(together.pose, (first.pose + second.pose) / 2)


@torch.inference_mode()
def test_its_members_come_out_as_they_went_in(members, images):
    back = members_of(ensemble(members))
    assert [member.recipe.network.trunk for member in back] == ["movenet-thunder", "efficientnet-lite0"]
    for before, after in zip(members, back, strict=True):
        for expected, stage in zip(before.network(images), after.network(images), strict=True):
            torch.testing.assert_close(stage.parsing, expected.parsing)
            torch.testing.assert_close(stage.pose, expected.pose)
    assert not back[0].metrics


def test_a_single_network_has_no_members(members):
    with pytest.raises(ValueError, match="“lite” and no ensemble"):
        members_of(members[0])


def test_its_recipe_is_the_first_members_with_all_trunks(members):
    recipe = ensemble(members).recipe
    assert recipe.network.name == "lite-ensemble"
    assert recipe.network.trunks == ("movenet-thunder", "efficientnet-lite0")
    assert (recipe.network.height, recipe.network.width) == (320, 256)
    assert recipe.schedule == members[0].recipe.schedule
    assert [member.trunk for member in recipe.network.members()] == ["movenet-thunder", "efficientnet-lite0"]


@torch.inference_mode()
def test_some_members_know_more_of_poses(members, images):
    together = ensemble(members, pose_shares=(0.75, 0.25)).network(images)[-1]
    first, second = (member.network(images)[-1] for member in members)
    torch.testing.assert_close(together.pose, 0.75 * first.pose + 0.25 * second.pose)
    torch.testing.assert_close(together.parsing, (first.parsing + second.parsing) / 2)


@pytest.mark.parametrize("shares", [(0.5, 0.6), (1.0,), (0.5, 0.25, 0.25), (1.5, -0.5)])
def test_shares_are_one_for_each_member_and_sum_to_one(members, shares):
    with pytest.raises(ValueError, match="pose_shares"):
        ensemble(members, pose_shares=shares)


def test_its_input_may_have_another_size(members):
    recipe = ensemble(members, (384, 288)).recipe.network
    assert (recipe.height, recipe.width) == (384, 288)
    with pytest.raises(ValueError, match="multiple of 32"):
        ensemble(members, (384, 290))


def test_nobody_has_measured_it(members):
    together = ensemble(members)
    assert together.metrics == {}
    assert together.calibration == Calibration()
    assert together.data == {"name": "photos"}


@pytest.mark.parametrize("write", [save_checkpoint, save_safetensors])
@torch.inference_mode()
def test_it_is_kept_and_read_like_any_other(members, images, tmp_path, write):
    together = ensemble(members)
    path = tmp_path / f"kept{'.safetensors' if write is save_safetensors else '.pt'}"
    write(together, path)
    kept = load_checkpoint(path)
    assert kept.recipe == together.recipe == parse_recipe(together.recipe.model_dump())
    torch.testing.assert_close(
        kept.network(images)[-1].parsing, together.network(images)[-1].parsing, atol=2e-3, rtol=0
    )


def test_frozen_groups_are_every_members(members):
    network = ensemble(members).network
    for member in network.members:
        assert not any(value.requires_grad for value in member.trunk.groups[1].parameters())
        assert all(value.requires_grad for value in member.trunk.groups[2].parameters())
    pretrained = {id(value) for value in network.pretrained_parameters()}
    assert pretrained == {id(value) for member in network.members for value in member.trunk.parameters()}


def test_it_has_no_weights_to_begin_with():
    network = LiteEnsemble([], ())
    with pytest.raises(ValueError, match=r"training\.ensemble"):
        network.load_pretrained(None)


OTHER_LABELS = LabelSet(name="two", colors={"background": (0, 0, 0), "person": (9, 9, 9)}, joints=LIP.joints)


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([], "two light networks or more"),
        ([checkpoint("jppnet-s2", slimming=32)], "two light networks or more"),
        ([checkpoint("lite", label_set=OTHER_LABELS)], "same labels"),
        ([checkpoint("lite", refinements=1)], "refinement stages"),
        ([checkpoint("lite", finish_kernel=3)], "finish_kernel"),
    ],
)
def test_what_cannot_answer_as_one_is_refused(members, others, reason):
    with pytest.raises(ValueError, match=reason):
        ensemble([members[0], *others])


def test_an_ensemble_of_what_was_learnt_is_measured_and_served_like_any_run(finished, folder, tmp_path):
    learnt = load_checkpoint(finished / "best.pt")
    path = tmp_path / "together.pt"
    save_checkpoint(ensemble([learnt, learnt]), path)
    run_command("training.evaluate", path, "--data", folder.root, "--write", path)
    together = load_checkpoint(path)
    assert together.metrics["photos"] == 4
    assert together.metrics["pixel_accuracy"] == pytest.approx(learnt.metrics["pixel_accuracy"])  # twice the same
    for member in together.network.members:
        with_plain_trunk(member)  # less to trace
    difference = export(together, tmp_path / "together.onnx", data=None)
    assert difference.label_agreement > 0.99


def test_another_label_set_goes_on_from_it(members, tmp_path):
    save_checkpoint(ensemble(members, pose_shares=(0.75, 0.25)), tmp_path / "both.pt")
    network, fresh = network_from_checkpoint(tmp_path / "both.pt", load_recipe("base-ensemble"), OTHER_LABELS)
    assert {name.split(".")[1] for name in fresh} == {"0", "1"}
    assert not any(".trunk." in name for name in fresh)
    stem = members[0].network.trunk.stem.weight
    torch.testing.assert_close(network.members[0].trunk.stem.weight, stem)


def test_the_command(members, tmp_path):
    paths = [tmp_path / "a.pt", tmp_path / "b.pt"]
    for member, path in zip(members, paths, strict=True):
        save_checkpoint(member, path)
    out = tmp_path / "made" / "both.pt"
    run_command("training.ensemble", *paths, "--out", out, "--size", 64, 96, "--pose-shares", 0.75, 0.25)
    recipe = load_checkpoint(out).recipe.network
    assert (recipe.name, recipe.height, recipe.width) == ("lite-ensemble", 64, 96)
    assert recipe.pose_shares == (0.75, 0.25)
    with pytest.raises(SystemExit, match="two light networks or more"):
        run_command("training.ensemble", paths[0], "--out", out)
    with pytest.raises(SystemExit, match=r"^Value error, pose_shares names a share for each member"):
        run_command("training.ensemble", *paths, "--out", out, "--pose-shares", 0.5, 0.6)
