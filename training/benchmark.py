"""What a recipe costs on this machine: ``python -m training.benchmark jppnet-s2 --out SECTION.md``.

Multiplications a photo by each protocol (counted, not timed), a training step's time and memory, and photos a second,
with random weights: speed does not depend on what was learnt. Runs on a GPU where there is one. ``--side`` makes a
square recipe smaller, for a machine on which the whole would take too long; the table says so.
"""

import argparse
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from training.checkpoint import Checkpoint, build_network
from training.data.sample import Sample, no_joints
from training.devices import Place, take_place
from training.labels import LIP
from training.objectives import build_objective
from training.optimizers import build_optimizer
from training.protocols import PROTOCOLS, Predict
from training.protocols.jppnet import UnsuitableNetworkError
from training.recipe import Recipe, load_recipe
from training.train import random_network
from training.views import make_view

PHOTO = (500, 400)
"""Height and width of the photo that protocols are timed on: about that of a LIP crop."""

Row = tuple[str, str]


def giga_macs(work: Callable[[], object]) -> float:
    """Multiply-accumulates of the convolutions and matrices in ``work``, in billions; counted while it runs."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 2e9


def seconds(work: Callable[[], object], place: Place, times: int) -> float:
    """Median duration of ``work``, after one run that does not count."""
    durations = []
    for _ in range(times + 1):
        start = time.perf_counter()
        work()
        if place.device.type == "cuda":
            torch.cuda.synchronize()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations[1:])


def training_rows(recipe: Recipe, place: Place, batch: int, times: int) -> list[Row]:
    """One step forward, backward and update, on views of noise."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (*PHOTO, 3), dtype=np.uint8)
    joints = no_joints()
    joints[:] = (200, 250, 1)
    sample = Sample("noise", noise, (noise[..., 0] % len(LIP.labels)).astype(np.uint8), joints, "CC0")
    views = [make_view(sample, recipe, LIP, rng) for _ in range(batch)]
    images, *targets = (torch.stack(parts).to(place.device) for parts in zip(*views, strict=True))
    images = images.float().contiguous(memory_format=torch.channels_last)
    network = random_network(recipe, LIP).to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    objective = build_objective(network.train(), recipe, LIP, place.precision)
    optimizer = build_optimizer(network, recipe.schedule)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        objective(images, *targets)["total"].backward()
        optimizer.step()

    duration = seconds(step, place, times)
    title = f"training step, batch {batch}, {str(place.precision).removeprefix('torch.')}"
    return [(title, f"{duration:.2f} s"), ("memory of the training process, at most", f"{memory_gib(place):.1f} GiB")]


def memory_gib(place: Place) -> float:
    """Most memory in use so far: the GPU's, or the process's on a CPU."""
    if place.device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@torch.inference_mode()
def inference_rows(recipe: Recipe, place: Place, batch: int, times: int) -> list[Row]:
    """The network alone, at each precision that pays on the device, and each protocol with all that belongs to it."""
    network = random_network(recipe, LIP).eval().to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = []
    for precision in (torch.float32, torch.float16) if place.device.type == "cuda" else (torch.float32,):
        images = torch.zeros(batch, 3, recipe.network.height, recipe.network.width, device=place.device)
        with torch.autocast(place.device.type, precision, enabled=precision != torch.float32):
            duration = seconds(lambda images=images: network(images), place, times)  # type: ignore[misc]
        title = f"network, batch {batch}, {str(precision).removeprefix('torch.')}"
        rows.append((title, f"{batch / duration:.2f} images/s"))
    checkpoint = Checkpoint(network, recipe, LIP, {}, {})
    photo = np.zeros((*PHOTO, 3), np.uint8)
    for name, predict in PROTOCOLS.items():

        def answer(predict: Predict = predict) -> None:
            predict(checkpoint, photo)

        try:
            cost = giga_macs(answer)
        except UnsuitableNetworkError:
            continue  # a network that the protocol's sizes do not suit
        duration = seconds(answer, place, times)
        rows.append((f"protocol `{name}`, photo of {PHOTO[1]}×{PHOTO[0]}", f"{cost:.4g} GMAC, {duration:.2f} s"))
    return rows


def device_name(place: Place) -> str:
    """What computes, for people."""
    if place.device.type == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {torch.get_num_threads()} threads"


def section(recipe_name: str, recipe: Recipe, place: Place, rows: list[Row]) -> str:
    """The figures as Markdown."""
    size = f"{recipe.network.width}×{recipe.network.height}"
    parameters = sum(p.numel() for p in build_network(recipe, LIP).parameters()) / 1e6
    lines = [f"`{recipe_name}` at {size}, {parameters:.1f} M parameters, on {device_name(place)}:", "", "| | |"]
    return "\n".join([*lines, "| --- | --- |", *(f"| {title} | {value} |" for title, value in rows), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument("--side", type=int, help="height and width of the input, in place of the recipe's")
    parser.add_argument("--batch", type=int, help="photos a step and a pass, in place of the recipe's")
    parser.add_argument("--times", type=int, default=5, help="runs of which the median counts")
    parser.add_argument("--out", type=Path, help="file for the table")
    args = parser.parse_args()
    recipe, place = load_recipe(args.preset), take_place()
    if args.side:
        network = recipe.network.model_copy(update={"height": args.side, "width": args.side})
        recipe = recipe.model_copy(update={"network": network})
    batch = args.batch or recipe.schedule.batch
    rows = inference_rows(recipe, place, batch, args.times) + training_rows(recipe, place, batch, args.times)
    text = section(args.preset, recipe, place, rows)
    print(text)
    if args.out:
        args.out.write_text(text)


if __name__ == "__main__":
    main()
