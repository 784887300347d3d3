"""Control of a run: overrides on the command line, saves within an epoch, exact resumption, extension, refusals."""

import json
import shutil

import pytest
import torch

from tests.helpers.commands import run_command
from tests.helpers.drawings import trainer, write_slim_recipe
from training.errors.input_error import InputError
from training.loop.run_state import load_state
from training.networks.presets import load_recipe

TOY = ["network.slimming=32", "network.height=32", "network.width=32", "run.workers=0"]


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return write_slim_recipe(tmp_path_factory.mktemp("recipe") / "toy.toml", epochs=1)


@pytest.fixture(scope="module")
def begun(toy, folder, tmp_path_factory):
    """A run of one epoch with overrides, begun with the command."""
    out = tmp_path_factory.mktemp("runs") / "begun"
    train(folder, toy, *TOY, out=out)
    return out


def train(folder, *arguments, out, start="--from-nothing"):
    run_command("training.train", *arguments, "--data", folder.root, "--out", out, *([start] if start else []))


def refused(folder, *arguments, out, start="--from-nothing"):
    """The sentence with which a command ends."""
    with pytest.raises(SystemExit) as end:
        train(folder, *arguments, out=out, start=start)
    return end.value.code


def records(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_overrides_are_written_into_the_run(begun):
    recipe = load_recipe(str(begun / "recipe.toml"))
    assert (recipe.network.slimming, recipe.network.height, recipe.schedule.epochs, recipe.run.workers) == (
        32,
        32,
        1,
        0,
    )
    assert torch.load(begun / "last.pt", weights_only=True)["recipe"] == recipe.model_dump(mode="json")


def test_the_log_has_speed_and_the_wait_for_data(begun):
    (record,) = records(begun)
    assert record["images_per_second"] > 0
    assert 0 < record["data_wait"] < 1
    assert (begun / "confusion.png").exists()


def test_a_run_is_extended_with_its_own_recipe(begun, folder, tmp_path, capsys):
    out = shutil.copytree(begun, tmp_path / "run")
    train(folder, "schedule.epochs=2", out=out, start="--resume")
    assert "changed: schedule.epochs: 1 there, 2 here" in capsys.readouterr().out
    assert [record["epoch"] for record in records(out)] == [1, 2]
    assert load_recipe(str(out / "recipe.toml")).schedule.epochs == 2
    assert "has trained 2 epochs already: schedule.epochs=1 is fewer" in refused(
        folder, "schedule.epochs=1", out=out, start="--resume"
    )


def test_another_recipe_is_refused_by_key_with_both_values(begun, toy, folder):
    sentence = refused(folder, toy, *TOY, "schedule.seed=7", "loss.pose=0.5", out=begun, start="--resume")
    assert "schedule.seed: 1 there, 7 here; loss.pose: 1.0 there, 0.5 here" in sentence


def test_a_run_killed_within_an_epoch_ends_as_if_it_had_not_been(toy, folder, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(toy.read_text().replace("epochs = 1", "epochs = 2") + "\n[run]\nsave_every = 1\nworkers = 0\n")
    trainer(recipe, folder, tmp_path / "whole").run()
    killed = trainer(recipe, folder, tmp_path / "killed")
    train_batch = killed.train_batch

    def stop_at_the_second_step(passes):
        if killed.progress.step == 1:
            raise KeyboardInterrupt
        return train_batch(passes)

    killed.train_batch = stop_at_the_second_step
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    resumed = trainer(recipe, folder, tmp_path / "killed")
    resumed.resume(load_state(resumed.out))
    assert (resumed.progress.epoch, resumed.progress.step) == (0, 1)
    resumed.run()
    whole, again = (torch.load(tmp_path / run / "last.pt", weights_only=True) for run in ("whole", "killed"))
    for part in ("network", "average"):
        for name, value in whole[part].items():
            assert torch.equal(again[part][name], value), name
    assert [record["losses"] for record in records(tmp_path / "whole")] == [
        record["losses"] for record in records(tmp_path / "killed")
    ]


def test_passes_add_up_to_the_same_step(toy, folder, tmp_path):
    """Gradients of a batch in two passes are those of the batch: JPPNet's loss is a mean over photos."""
    losses = []
    for passes in (1, 2):
        recipe = tmp_path / f"{passes}.toml"
        recipe.write_text(toy.read_text() + f"\n[run]\naccumulate = {passes}\nworkers = 0\n")
        run = trainer(recipe, folder, tmp_path / str(passes))
        run.train_epoch()
        losses.append(run.progress.record["losses"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_a_broken_photo_in_mid_run_is_named_and_nothing_is_lost(toy, folder, tmp_path):
    data = shutil.copytree(folder.root, tmp_path / "data")
    photo = data / "images" / "2.jpg"
    whole = photo.read_bytes()
    run = trainer(toy, type(folder)(data), tmp_path / "run")
    photo.write_bytes(whole[:-100])
    with pytest.raises(InputError, match=r"2\.jpg: cut off.* take its name out of train\.txt.* go on with --resume"):
        run.run()
    photo.write_bytes(whole)
    again = trainer(toy, type(folder)(data), tmp_path / "run")
    again.resume(load_state(again.out))
    again.run()
    assert len(records(tmp_path / "run")) == 1


class TestSentences:
    """Each ends the command without a traceback, and without a folder."""

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["light"], r"no recipe 'light': give the path of a \.toml file or one of: ablation, base"),
            (
                ["lite", "schedule.epoch=3"],
                "lite: schedule.epoch is no key of this recipe; did you mean schedule.epochs?",
            ),
            (["lite", "schedule.batch=none"], "schedule.batch = 'none': Input should be a valid integer"),
            (["lite", "epochs"], "'epochs' is no override: write TABLE.KEY=VALUE"),
            (["lite", "schedule.batch=100"], "has 4 photos to train on, fewer than one batch of 100"),
            (["lite", "schedule.batch=4", "run.precision=fp16"], "run.precision = fp16 is for GPUs"),
            (["lite", "schedule.batch=4", "run.sync_batch_norm=true"], "run.sync_batch_norm is for GPUs"),
            (["lite", "schedule.batch=5", "run.accumulate=2"], "choose schedule.batch=4 or schedule.batch=6"),
        ],
    )
    def test_recipe(self, arguments, sentence, folder, tmp_path):
        said = refused(folder, *arguments, out=tmp_path / "run")
        assert sentence.replace("\\", "") in said
        assert not (tmp_path / "run").exists()

    def test_data(self, folder, tmp_path):
        nowhere = type(folder)(tmp_path / "nowhere")
        assert "nowhere is no prepared folder with a split “train”: there is no such folder" in refused(
            nowhere, "lite", out=tmp_path / "run"
        )
        assert not (tmp_path / "run").exists()

    def test_checkpoints(self, begun, folder, tmp_path):
        for origin, sentence in (
            (tmp_path / "none.pt", "none.pt: there is no such checkpoint"),
            (begun / "last.pt", "last.pt is no checkpoint of a network: it is the state of a run"),
            (begun / "log.jsonl", "log.jsonl holds no plain weights of PyTorch"),
            (
                begun / "best.pt",
                "best.pt cannot be begun with: it is of the network “jppnet”, and the recipe's is “lite”",
            ),
        ):
            with pytest.raises(SystemExit) as end:
                run_command(
                    "training.train", "lite", "--data", folder.root, "--out", tmp_path / "run", "--from", origin
                )
            assert sentence in end.value.code
        assert not (tmp_path / "run").exists()

    def test_full_disk(self, begun, folder, tmp_path):
        """``/dev/full`` refuses every byte, as a full disk does."""
        out = shutil.copytree(begun, tmp_path / "run")
        before = (out / "last.pt").read_bytes()
        (out / "last.part").symlink_to("/dev/full")
        sentence = refused(folder, "schedule.epochs=2", out=out, start="--resume")
        assert "last.pt cannot be written" in sentence
        assert "last.pt is still what it was. Make room and try again" in sentence
        assert not (out / "last.part").is_symlink()
        assert (out / "last.pt").read_bytes() == before

    def test_other_commands(self, tmp_path, capsys):
        for module, arguments, sentence in (
            ("training.evaluate", ["none.pt", "--data", tmp_path], "none.pt: there is no such checkpoint"),
            ("training.predict", ["none.pt", tmp_path / "none", "--out", tmp_path], f"there is no {tmp_path / 'none'}"),
            ("training.prepare", ["atr", "--root", tmp_path, "--out", tmp_path / "out"], "lacks parts of ATR"),
            ("training.benchmark", ["light"], "no recipe 'light'"),
            ("export.onnx", ["none.pt", tmp_path / "out.onnx"], "none.pt: there is no such checkpoint"),
            ("export.measure", [tmp_path / "none.onnx"], f"there is no {tmp_path / 'none.onnx'}"),
        ):
            with pytest.raises(SystemExit) as end:
                run_command(module, *arguments)
            said = end.value.code if isinstance(end.value.code, str) else capsys.readouterr().err
            assert sentence in said
        assert not (tmp_path / "out").exists()
