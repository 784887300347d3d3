"""An epoch's batches: which draws a process makes in each pass, and the loader that turns them into tensors."""

import itertools
from collections.abc import Iterator
from typing import Any

import cv2
import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler, default_collate

from training.data.sample import BrokenSampleError
from training.data.sampler import SeededSampler
from training.data.training_dataset import SampleDraw, TrainingDataset, TrainingExample
from training.data.workers import loading_processes
from training.errors.input_error import InputError
from training.loop.distributed import DistributedContext
from training.networks.recipe import Recipe

FEW_PHOTOS = 4
"""Batch norm of fewer photos than this is worth a warning."""


def photos_of_a_pass(recipe: Recipe, world_size: int) -> int:
    """Photos that a process sees in one pass. Raises InputError where the batch cannot be shared out evenly."""
    batch, shares = recipe.schedule.batch, world_size * recipe.run.accumulate
    if batch % shares == 0:
        return batch // shares
    near = sorted({max(batch // shares, 1) * shares, (batch // shares + 1) * shares})
    among = f"{world_size} processes" + (f" × {recipe.run.accumulate} passes" if recipe.run.accumulate > 1 else "")
    choice = " or ".join(f"schedule.batch={size}" for size in near)
    raise InputError(
        f"a batch of {batch} photos cannot be shared evenly by {among}: choose {choice}, or fewer processes"
    )


def batch_norm_warning(network: nn.Module, recipe: Recipe, world_size: int) -> str | None:
    """A warning where batch norm measures few photos; none where it measures many, or keeps its statistics."""
    photos = photos_of_a_pass(recipe, world_size)
    measured = photos * world_size if recipe.run.sync_batch_norm else photos
    if measured >= FEW_PHOTOS or not any(
        isinstance(part, nn.modules.batchnorm._BatchNorm) for part in network.modules()
    ):
        return None
    alone = "run.sync_batch_norm=true (on GPUs), " if world_size > 1 and not recipe.run.sync_batch_norm else ""
    return (
        f"WARNING: batch norm measures {measured} photo{'s' if measured > 1 else ''} at a time (a batch of "
        f"{recipe.schedule.batch}, {world_size} processes, {recipe.run.accumulate} passes), which trains badly: "
        f"{alone}a larger schedule.batch, or fewer processes or passes"
    )


class PassDraws(Sampler[list[SampleDraw]]):
    """The draws of each pass of an epoch, for one process; ``passes`` make a step. The last photos may be left out."""

    def __init__(self, sampler: SeededSampler, photos: int, passes: int) -> None:
        self.sampler, self.photos, self.passes = sampler, photos, passes
        self.first_step = 0
        """Steps that are left out, because a run that is resumed has done them."""

    @property
    def steps(self) -> int:
        """Steps of a whole epoch."""
        return len(self.sampler) // (self.photos * self.passes)

    def __len__(self) -> int:
        return (self.steps - self.first_step) * self.passes

    def __iter__(self) -> Iterator[list[SampleDraw]]:
        draws = itertools.islice(self.sampler, self.first_step * self.passes * self.photos, None)
        for _ in range(len(self)):
            yield list(itertools.islice(draws, self.photos))


Loaded = TrainingExample | BrokenSampleError


def training_loader(
    dataset: TrainingDataset, draws: PassDraws, recipe: Recipe, context: DistributedContext
) -> DataLoader[Any]:
    """Loads passes as ``Loaded``, with the recipe's number of loading processes, which live as long as the loader."""
    workers = loading_processes(recipe.run.workers, context.local_size)
    return DataLoader(
        dataset,
        batch_sampler=draws,
        num_workers=workers,
        collate_fn=collate,
        pin_memory=recipe.run.pin_memory and context.device.type == "cuda",
        persistent_workers=workers > 0,
        prefetch_factor=recipe.run.prefetch if workers else None,
        worker_init_fn=use_one_thread,
        generator=torch.Generator(),  # the global one is for what is learnt: a loader must not draw from it
    )


def collate(examples: list[TrainingExample | BrokenSampleError]) -> Loaded:
    """Examples as a batch; the first broken sample in place of a batch with one.

    It is returned, not raised: an exception of a loading process would lose its sentence.
    """
    broken = next((example for example in examples if isinstance(example, BrokenSampleError)), None)
    return broken or TrainingExample(*default_collate(examples))


def use_one_thread(_: int) -> None:
    """OpenCV's threads would only take cores from the other loading processes."""
    cv2.setNumThreads(0)
