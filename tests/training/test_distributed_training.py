"""Training on several ranks: shared validation with the same figures, mean losses, and runs that were killed."""

import json
import os
import signal

import pytest
import torch

from tests.helpers.drawings import write_recipe
from tests.helpers.ranks import repeated, run_ranks
from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.evaluation.evaluator import Share, evaluate, measure
from training.evaluation.protocols import one_pass
from training.labels.lip import LIP
from training.loop.distributed import DistributedContext, init_distributed
from training.loop.initial_weights import random_network
from training.loop.run_state import load_state
from training.loop.trainer import Trainer
from training.networks.presets import load_recipe

SECONDS = 60
"""That a rank waits for the others."""


def write_toy_recipe(path, epochs=1, batch=8, **run):
    """JPPNet of a thirty-second of the channels on pictures of 32×32."""
    changes = {
        "height = 384": "height = 32",
        "width = 384": "width = 32",
        'fit = "squash"': 'fit = "squash"\nslimming = 32',
        "batch = 4": f"batch = {batch}",
        "epochs = 35": f"epochs = {epochs}",
        "learning_rate = 1e-4": "learning_rate = 1e-3\nclip_norm = 5.0",
    }
    write_recipe(path, "jppnet-s2", changes)
    keys = {"validate_every": 1, "workers": 0, "timeout": SECONDS, **run}
    path.write_text(path.read_text() + "\n[run]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
    return path


@pytest.fixture(scope="module")
def data(folder, tmp_path_factory):
    """Nineteen samples: three batches of validation, the last one not full."""
    return PreparedFolder(repeated(folder, tmp_path_factory.mktemp("many") / "data", 19))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return load_recipe(str(write_toy_recipe(tmp_path_factory.mktemp("recipe") / "toy.toml")))


def start(recipe, data, out):
    """A trainer of this rank."""
    context = init_distributed(recipe.run.timeout)
    return Trainer(random_network(recipe, data.label_set), recipe, data, out, context)


def records(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def weights(out):
    state = torch.load(out / "last.pt", weights_only=True)
    return state["network"] | {f"average {name}": value for name, value in state["average"].items()}


def assert_same_weights(one, other, tolerance=1e-6):
    wanted, found = weights(one), weights(other)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=tolerance, msg=name)


@pytest.mark.parametrize("count", [2, 3])
def test_figures_are_those_of_one_rank_to_the_last_digit(count, data, toy, tmp_path):
    checkpoint = Checkpoint(random_network(toy, LIP).eval(), toy, LIP, {}, {})
    alone = evaluate(checkpoint, data, data.names("val"))

    def share_out():
        context = init_distributed(SECONDS)
        share = Share(context.rank, context.world_size, context.add_up)
        result = measure(checkpoint, data, data.names("val"), one_pass, share).result()
        (tmp_path / f"{context.rank}.json").write_text(json.dumps(result))

    assert run_ranks(count, share_out) == [0] * count
    for rank in range(count):
        assert (tmp_path / f"{rank}.json").read_text() == json.dumps(alone)
    assert alone["photos"] == 19


def test_two_ranks_learn_as_one_does(data, toy, tmp_path):
    """JPPNet's batch norm keeps its statistics, and its loss is a mean over photos: only rounding differs."""
    start(toy, data, tmp_path / "one").run()
    assert run_ranks(2, lambda: start(toy, data, tmp_path / "two").run()) == [0, 0]
    assert_same_weights(tmp_path / "one", tmp_path / "two", 1e-4)
    for one, two in zip(records(tmp_path / "one"), records(tmp_path / "two"), strict=True):
        assert two["losses"] == pytest.approx(one["losses"], rel=1e-3)  # of both ranks, not of the first alone
        assert two["metrics"]["photos"] == 19


def test_two_ranks_killed_in_the_middle_of_validation_go_on_as_if_nothing_had_been(data, toy, tmp_path):
    def whole():
        start(toy, data, tmp_path / "whole").run()

    def killed():
        calls = 0
        add_up = DistributedContext.add_up

        def kill_at_the_second_batch(context, counts):
            nonlocal calls
            calls += 1
            if calls == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return add_up(context, counts)

        DistributedContext.add_up = kill_at_the_second_batch
        start(toy, data, tmp_path / "killed").run()

    def resumed():
        trainer = start(toy, data, tmp_path / "killed")
        assert trainer.resume(load_state(trainer.out)) == []
        assert (trainer.progress.epoch, trainer.progress.record["epoch"]) == (1, 1)
        trainer.run()

    assert run_ranks(2, whole) == [0, 0]
    assert run_ranks(2, killed) == [-signal.SIGKILL] * 2
    assert not (tmp_path / "killed" / "best.pt").exists()
    assert run_ranks(2, resumed) == [0, 0]
    assert_same_weights(tmp_path / "whole", tmp_path / "killed")
    timeless = [
        [{key: record[key] for key in ("epoch", "losses", "metrics")} for record in records(tmp_path / run)]
        for run in ("whole", "killed")
    ]
    assert json.dumps(timeless[0]) == json.dumps(timeless[1])


def test_a_loss_that_is_not_finite_on_one_rank_ends_both(data, toy, tmp_path):
    def work():
        trainer = start(toy, data, tmp_path)
        step = trainer.training_step
        forward = step.forward

        def nan_on_the_second(batch):
            terms = forward(batch)
            return terms if step.context.rank == 0 else {name: value * torch.nan for name, value in terms.items()}

        step.forward = nan_on_the_second
        with pytest.raises(ArithmeticError, match="epoch 1, step 1"):
            trainer.run()

    assert run_ranks(2, work) == [0, 0]
