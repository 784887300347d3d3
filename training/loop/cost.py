"""What a recipe costs on this machine: multiplications, time and memory of training and inference.

Weights are random: speed does not depend on what was learnt.
"""

import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import default_collate
from torch.utils.flop_counter import FlopCounterMode

from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import Sample, no_joints
from training.data.training_dataset import TrainingExample
from training.evaluation.jppnet_protocol import UnsuitableNetworkError
from training.evaluation.protocols import PROTOCOLS, Predictor
from training.labels.lip import LIP
from training.loop.distributed import DistributedContext
from training.loop.initial_weights import random_network
from training.loop.precision import dtype_of
from training.loop.training_step import TrainingStep
from training.networks.recipe import Recipe
from training.networks.registry import build_network, make_example, predicted_label_set

PHOTO = (500, 400)
"""Height and width of the photo that protocols are timed on: about that of a LIP crop."""

TableRow = tuple[str, str]


def giga_macs(work: Callable[[], object]) -> float:
    """Multiply-accumulates of the convolutions and matrices in ``work``, in billions; counted while it runs."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 2e9


def seconds(work: Callable[[], object], context: DistributedContext, times: int) -> float:
    """Median duration of ``work``, after one run that does not count."""
    durations = []
    for _ in range(times + 1):
        start = time.perf_counter()
        work()
        if context.device.type == "cuda":
            torch.cuda.synchronize()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations[1:])


def training_rows(recipe: Recipe, context: DistributedContext, batch: int, times: int) -> list[TableRow]:
    """Time and memory of one training step (forward, backward, update) on random pixels."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (*PHOTO, 3), dtype=np.uint8)
    joints = no_joints()
    joints[:] = (200, 250, 1)
    sample = Sample("noise", noise, (noise[..., 0] % len(LIP.labels)).astype(np.uint8), joints, "CC0")
    examples = [make_example(sample, recipe, LIP, rng, lambda: sample) for _ in range(batch)]
    network = random_network(recipe, LIP)
    step = TrainingStep(network, recipe, LIP, context)
    step.network.train()
    passes = [TrainingExample(*default_collate(examples))]
    duration = seconds(lambda: step.run(passes), context, times)
    precision = dtype_of(recipe.run.precision, context.device)
    title = f"training step, batch {batch}, {str(precision).removeprefix('torch.')}"
    return [(title, f"{duration:.2f} s"), ("memory of the training process, at most", f"{memory_gib(context):.1f} GiB")]


def memory_gib(context: DistributedContext) -> float:
    """Most memory in use so far: the GPU's, or the process's on a CPU."""
    if context.device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@torch.inference_mode()
def inference_rows(recipe: Recipe, context: DistributedContext, batch: int, times: int) -> list[TableRow]:
    """Speed of the network alone, in each precision that the device is fast in, and cost of each protocol."""
    network = random_network(recipe, LIP).eval().to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = []
    for precision in (torch.float32, torch.float16) if context.device.type == "cuda" else (torch.float32,):
        images = torch.zeros(batch, 3, recipe.network.height, recipe.network.width, device=context.device)
        with torch.autocast(context.device.type, precision, enabled=precision != torch.float32):
            duration = seconds(lambda images=images: network(images), context, times)  # type: ignore[misc]
        title = f"network, batch {batch}, {str(precision).removeprefix('torch.')}"
        rows.append((title, f"{batch / duration:.2f} images/s"))
    checkpoint = Checkpoint(network, recipe, predicted_label_set(recipe, LIP), {}, {})
    photo = np.zeros((*PHOTO, 3), np.uint8)
    for name, predict in PROTOCOLS.items():

        def run(predict: Predictor = predict) -> None:
            predict(checkpoint, photo)

        try:
            cost = giga_macs(run)
        except UnsuitableNetworkError:
            continue  # a network that the protocol's sizes do not suit
        duration = seconds(run, context, times)
        rows.append((f"protocol `{name}`, photo of {PHOTO[1]}×{PHOTO[0]}", f"{cost:.4g} GMAC, {duration:.2f} s"))
    return rows


def device_name(context: DistributedContext) -> str:
    """Name of the GPU or CPU."""
    if context.device.type == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {torch.get_num_threads()} threads"


def rows_as_table(rows: list[TableRow]) -> str:
    """Rows of a title and a value as a Markdown table."""
    return "\n".join(["| | |", "| --- | --- |", *(f"| {title} | {value} |" for title, value in rows), ""])


def section(recipe_name: str, recipe: Recipe, context: DistributedContext, table: str) -> str:
    """A table of figures under a line that says what was measured where, in Markdown."""
    size = f"{recipe.network.width}×{recipe.network.height}"
    parameters = sum(p.numel() for p in build_network(recipe, LIP).parameters()) / 1e6
    return f"`{recipe_name}` at {size}, {parameters:.1f} M parameters, on {device_name(context)}:\n\n{table}"
