"""The training step's settings: batch norm over processes, compilation, and the moving average's own counter."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from tests.helpers.drawings import write_slim_recipe
from training.errors.input_error import InputError
from training.labels.lip import LIP
from training.loop.distributed import DistributedContext
from training.loop.initial_weights import random_network
from training.loop.precision import dtype_of
from training.loop.training_step import TrainingStep, require_finite, synchronized
from training.loop.weight_ema import WeightEma
from training.networks.presets import load_recipe

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_batch_norm_over_processes_has_the_same_weights():
    network = random_network(load_recipe("lite", ["network.height=64", "network.width=64"]), LIP)
    names = list(network.state_dict())
    converted = synchronized(network, DistributedContext(GPU, 0, 2))
    assert any(isinstance(part, nn.SyncBatchNorm) for part in converted.modules())
    assert not any(isinstance(part, nn.BatchNorm2d) for part in converted.modules())
    assert list(converted.state_dict()) == names


def test_compilation_is_on_when_the_recipe_says_so(tmp_path):
    recipe = str(write_slim_recipe(tmp_path / "slim.toml", epochs=1))
    for asked in (False, True):
        changed = load_recipe(recipe, [f"run.compile={str(asked).lower()}", "network.slimming=32"])
        step = TrainingStep(random_network(changed, LIP), changed, LIP, DistributedContext(CPU, 0, 1))
        assert (step.objective._compiled_call_impl is not None) == asked


@pytest.mark.parametrize(
    ("precision", "device", "dtype"),
    [
        ("auto", CPU, torch.float32),
        ("auto", GPU, torch.bfloat16),
        ("bf16", CPU, torch.bfloat16),
        ("fp16", GPU, torch.float16),
        ("fp32", GPU, torch.float32),
    ],
)
def test_precision_suits_the_device(precision, device, dtype):
    assert dtype_of(precision, device) is dtype


def test_half_precision_on_a_cpu_is_refused():
    with pytest.raises(InputError, match="is for GPUs; on a CPU take fp32 or bf16"):
        dtype_of("fp16", CPU)


def test_the_average_is_that_of_pytorch_with_the_same_state():
    def move(averages, values, count):
        keep = min(0.9, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            average.copy_(average.lerp(value, 1 - keep) if average.is_floating_point() else value)

    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    ours, theirs = WeightEma(network, 0.9), AveragedModel(network, multi_avg_fn=move, use_buffers=True)
    for number in range(5):
        network(torch.randn(4, 3))
        with torch.no_grad():
            network[0].weight.add_(torch.randn(2, 3))
        if number == 3:  # a run that was resumed
            state = ours.state_dict()
            ours = WeightEma(network, 0.9)
            ours.load_state_dict(state)
        ours.update_parameters(network)
        theirs.update_parameters(network)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=0, msg=name)


def test_terms_that_are_not_finite_are_named():
    require_finite({"pose": 1.0})
    with pytest.raises(ArithmeticError, match=r"not finite \(parsing, total\)"):
        require_finite({"parsing": float("nan"), "pose": 1.0, "total": float("inf")})
