"""What each setting of the recipe's table ``run`` gains: speed of training with it, beside the recipe's own."""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from training.data.prepared_folder import PreparedFolder
from training.data.sample import DatasetInfo, Sample, no_joints
from training.errors.input_error import InputError
from training.labels.lip import LIP
from training.loop.batches import PassDraws, photos_of_a_pass, training_loader
from training.loop.distributed import DistributedContext
from training.loop.initial_weights import random_network
from training.loop.training_step import TrainingStep
from training.networks.recipe import Recipe
from training.networks.registry import build_dataset, build_sampler

VARIATIONS: Final[Mapping[str, Sequence[Any]]] = {
    "workers": (0, 1, 2, 4, 8),
    "prefetch": (1, 4),
    "pin_memory": (False,),
    "channels_last": (False,),
    "compile": (True,),
    "accumulate": (2, 4),
    "precision": ("fp32", "bf16", "fp16"),
    "sync_batch_norm": (True,),
}
"""Setting → the values that are measured beside the recipe's own."""

ROUNDS: Final = 3
"""Turns of each of two settings, of which the median counts; they alternate, since a machine's speed drifts."""

PHOTOS: Final = 64
"""Drawn photos to load, where no data are named; of LIP's size."""


class Speed(NamedTuple):
    """Photos a second of one process's training, and the share of the time that it waited for data."""

    photos: float
    waited: float


class TimedTraining:
    """Training by a recipe on a folder's photos, some steps at a time."""

    def __init__(self, recipe: Recipe, folder: PreparedFolder, context: DistributedContext) -> None:
        names = folder.names("train")
        names = names * -(-10_000 // len(names))  # an epoch that no measurement reaches the end of
        photos = photos_of_a_pass(recipe, context.world_size)
        sampler = build_sampler(recipe, folder, names, context.rank, context.world_size)
        draws = PassDraws(sampler, photos, recipe.run.accumulate)
        self.loader = training_loader(build_dataset(recipe, folder, names), draws, recipe, context)
        network = random_network(recipe, folder.label_set)
        self.step = TrainingStep(network, recipe, folder.label_set, context)
        self.step.network.train()
        self.photos, self.passes = photos, recipe.run.accumulate

    def speed(self, steps: int) -> Speed:
        """Speed over some steps, after one that does not count."""
        batches, waited, began = iter(self.loader), 0.0, 0.0
        for number in range(steps + 1):
            asked = time.perf_counter()
            passes = [next(batches) for _ in range(self.passes)]
            waited = waited + time.perf_counter() - asked if number else 0.0
            self.step.run(passes)  # ends when the losses are read back
            began = began or time.perf_counter()
        seconds = time.perf_counter() - began
        return Speed(steps * self.photos * self.passes / seconds, waited / seconds)


def gain_table(
    recipe: Recipe, folder: PreparedFolder, context: DistributedContext, settings: Sequence[str], steps: int
) -> str:
    """A Markdown table: every setting's values beside the recipe's own, in ratio to it."""
    lines = [
        "| `run.` | recipe's own, photos/s | with it, photos/s | ratio | wait for data |",
        "| --- | --- | --- | --- | --- |",
    ]
    for setting in settings:
        for value in VARIATIONS[setting]:
            if value != getattr(recipe.run, setting):
                changed = recipe.model_copy(update={"run": recipe.run.model_copy(update={setting: value})})
                lines.append(_row(f"`{setting} = {json.dumps(value)}`", recipe, changed, folder, context, steps))
    return "\n".join(lines) + "\n"


def _row(
    title: str, recipe: Recipe, changed: Recipe, folder: PreparedFolder, context: DistributedContext, steps: int
) -> str:
    try:
        both = [TimedTraining(each, folder, context) for each in (recipe, changed)]
    except InputError as error:
        return f"| {title} | | | | {error} |"
    rounds = [[training.speed(steps) for training in both] for _ in range(ROUNDS)]
    own, other = (statistics.median(speed.photos for speed in turns) for turns in zip(*rounds, strict=True))
    before, after = (statistics.median(speed.waited for speed in turns) for turns in zip(*rounds, strict=True))
    return f"| {title} | {own:.2f} | {other:.2f} | {other / own:.2f} | {before:.1%} → {after:.1%} |"


@contextmanager
def drawn_photos() -> Iterator[PreparedFolder]:
    """A prepared folder of smooth random pictures, about as large as LIP's and as hard to decode."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as root:
        folder = PreparedFolder(Path(root))
        names = [str(number) for number in range(PHOTOS)]
        for name in names:
            image = cv2.resize(rng.integers(0, 256, (50, 40, 3), dtype=np.uint8), (400, 500))
            labels = cv2.resize(image[..., 0], (400, 500), interpolation=cv2.INTER_NEAREST) // 13
            joints = no_joints()
            joints[:] = (200, 250, 1)
            photo = Path(root) / "photo.jpg"
            cv2.imwrite(str(photo), image)
            folder.write(Sample(name, np.asarray(image), np.asarray(labels, np.uint8), joints, "CC0"), photo)
        folder.write_index(DatasetInfo("drawn", "CC0", "training.benchmark"), {"train": names, "val": []}, LIP)
        yield folder
