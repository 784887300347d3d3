"""A whole run on four tiny drawings: it learns, it stops and goes on exactly, and it refuses what would lose work."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.helpers.commands import run_command
from tests.helpers.drawings import trainer, write_slim_recipe
from training.checkpoints.checkpoint import load_checkpoint, save_safetensors
from training.data.sampler import RareLabelSampler, repeat_factors
from training.data.training_dataset import SampleDraw
from training.labels.lip import LIP
from training.loop.initial_weights import network_from_checkpoint
from training.loop.run_state import load_state
from training.loop.trainer import NonFiniteLossError, Trainer
from training.networks.presets import load_recipe
from training.networks.registry import build_dataset


def log(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_the_loss_falls_and_the_best_weights_are_kept(finished):
    losses = [record["losses"]["total"] for record in log(finished)]
    assert len(losses) == 4
    assert losses[-1] < 0.8 * losses[0]
    checkpoint = load_checkpoint(finished / "best.pt")
    assert checkpoint.metrics["photos"] == 4
    assert checkpoint.data["name"] == "Look into Person (LIP)"
    assert any(finished.glob("events.out.tfevents.*"))


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(finished, recipe_file, folder, tmp_path):
    first = trainer(recipe_file, folder, tmp_path)
    for _ in range(2):
        first.train_epoch()
    first.save_progress()
    second = trainer(recipe_file, folder, tmp_path)
    second.resume(load_state(second.out))
    assert second.progress.epoch == 2
    second.run()
    ours = torch.load(tmp_path / "last.pt", weights_only=True)
    theirs = torch.load(finished / "last.pt", weights_only=True)
    for part in ("network", "average"):
        for name, value in theirs[part].items():
            torch.testing.assert_close(ours[part][name], value, rtol=1e-5, atol=1e-6, msg=name)


def test_a_recipe_that_changed_is_not_resumed(finished, recipe_file, folder, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(recipe_file.read_text().replace("seed = 1", "seed = 2"))
    with pytest.raises(ValueError, match="another recipe"):
        trainer(other, folder, finished).resume(load_state(finished))


def test_a_run_starts_from_shipped_weights_when_told_to(finished, recipe_file, folder, tmp_path):
    trained = load_checkpoint(finished / "best.pt")
    save_safetensors(trained, tmp_path / "shipped.safetensors")
    shipped = load_checkpoint(tmp_path / "shipped.safetensors")
    assert (shipped.recipe, shipped.data) == (trained.recipe, trained.data)
    network, other = network_from_checkpoint(tmp_path / "shipped.safetensors", load_recipe(str(recipe_file)), LIP)
    assert other == []
    for name, value in trained.network.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value, rtol=1e-3, atol=1e-6, msg=name)


def test_a_loss_that_is_not_finite_stops_the_run_and_says_so(recipe_file, folder, tmp_path):
    broken = trainer(recipe_file, folder, tmp_path)
    torch.nn.init.constant_(broken.network.heads.pose[-1].bias, float("nan"))
    with pytest.raises(NonFiniteLossError, match=r"epoch 1.*pose.*learning_rate"):
        broken.train_epoch()


def test_a_folder_that_holds_a_run_is_not_overwritten(finished, recipe_file, folder):
    command = [sys.executable, "-m", "training.train", str(recipe_file), "--data", str(folder.root)]
    refused = subprocess.run([*command, "--out", str(finished)], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr


class TestDraws:
    def test_rare_labels_are_drawn_more_often(self, folder):
        factors = repeat_factors(folder, folder.names("train"), rare_share=1.0)
        assert factors.tolist() == [1, 1, 1, 2]  # the hat is on one photo of four: sqrt(1 / 0.25)

    def test_ranks_share_one_sequence_of_draws(self):
        factors = np.array([1.0, 1, 1, 2, 2, 1])
        isolated = list(RareLabelSampler(factors, seed=3, rank=0, world_size=1))
        pair = [list(RareLabelSampler(factors, seed=3, rank=rank, world_size=2)) for rank in (0, 1)]
        assert isolated == [draw for both in zip(*pair, strict=True) for draw in both]

    def test_every_epoch_draws_anew(self):
        sampler = RareLabelSampler(np.ones(20), seed=3, rank=0, world_size=1)
        first = list(sampler)
        assert list(sampler) == first
        sampler.epoch = 1
        assert list(sampler) != first

    def test_a_draw_is_always_the_same_view(self, folder, recipe_file):
        views = build_dataset(load_recipe(str(recipe_file)), folder, folder.names("train"))
        for a, b in zip(views[SampleDraw(1, 99)], views[SampleDraw(1, 99)], strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


class TestBeginnings:
    @pytest.fixture
    def begin(self, folder, tmp_path, monkeypatch):
        """Runs the command up to where the first epoch would start."""
        monkeypatch.setattr(Trainer, "run", lambda trainer: None)

        def begin(preset, *arguments):
            run_command("training.train", preset, "--data", folder.root, "--out", tmp_path / "run", *arguments)

        return begin

    def test_a_run_from_a_checkpoint_says_so_loudly(self, begin, finished, recipe_file, capsys):
        begin(recipe_file, "--from", str(finished / "best.pt"))
        assert f"STARTING FROM THE WEIGHTS OF {finished / 'best.pt'}" in capsys.readouterr().out

    def test_a_network_without_weights_of_its_own_wants_to_be_told(self, begin, tmp_path):
        slim = write_slim_recipe(tmp_path / "slim.toml", epochs=1)
        with pytest.raises(SystemExit, match="--from-nothing"):
            begin(slim)
        begin(slim, "--from-nothing")

    def test_a_file_that_is_not_there_is_named(self, begin, tmp_path):
        with pytest.raises(SystemExit, match=rf"{tmp_path / 'resnet.pth'}: No such file or directory"):
            begin(write_slim_recipe(tmp_path / "slim.toml", epochs=1), "--pretrained", str(tmp_path / "resnet.pth"))

    def test_the_light_network_brings_its_own(self, begin, recipe_file, tmp_path):
        with pytest.raises(SystemExit, match="it reads none from a file"):
            begin(recipe_file, "--pretrained", str(tmp_path / "resnet.pth"))
