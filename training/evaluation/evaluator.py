"""Metrics of a checkpoint over the samples of a prepared folder, and their table."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, Sample
from training.evaluation.evaluation import Evaluation
from training.evaluation.inference import FittedPhoto, Prediction, fit_to_input, predict_batch
from training.evaluation.metrics import Counts
from training.evaluation.protocols import Predictor, one_pass
from training.labels.compatibility import require_same_labels
from training.labels.label_set import LabelSet
from training.networks.recipe import NetworkRecipe

BATCH: Final = 8
"""Photos of one pass of the network. Other batches would round differently, and a few pixels would differ."""


def figure_titles(label_set: LabelSet) -> dict[str, str]:
    """Metric → its title, in the order of a table."""
    merged = {f"mean_iou_{len(label_set.merged)}": f"mIoU ({len(label_set.merged)} merged parts)"}
    return {
        "mean_iou": "mIoU (labels with ≥ 2,000 pixels)",
        f"mean_iou_{len(label_set.labels)}": f"mIoU (all {len(label_set.labels)} labels)",
        **(merged if label_set.merged else {}),
        "pixel_accuracy": "pixel accuracy",
        "mean_accuracy": "mean accuracy",
        **({"pckh": "PCKh@0.5", "pckh_upper_body": "PCKh@0.5, upper body"} if label_set.joints else {}),
    }


@dataclass(frozen=True, slots=True)
class Share:
    """One process's share of an evaluation: its rank, how many share it, and the sum of all processes' counts."""

    rank: int
    world_size: int
    add_up: Callable[[Counts], Counts]


ALONE: Final = Share(0, 1, lambda counts: counts)
"""Everything is one process's."""


def evaluate(
    checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], predict: Predictor = one_pass
) -> dict[str, Any]:
    """Metrics of a checkpoint over the named samples, each in 0–1 (see ``training.evaluation.metrics``).

    Those of the pose are left out where the checkpoint's label set has no joints.

    Raises ValueError when checkpoint and folder have different labels or joints, and BrokenSampleError.
    """
    return measure(checkpoint, folder, names, predict).result()


def measure(
    checkpoint: Checkpoint,
    folder: PreparedFolder,
    names: list[str],
    predict: Predictor = one_pass,
    share: Share = ALONE,
    workers: int = 0,
) -> Evaluation:
    """Evaluate a checkpoint on the named samples, which ``workers`` loading processes read; errors as ``evaluate``.

    Photos are grouped into the same batches however many processes share them, and counts are whole numbers: figures
    are the same on any number of processes of the same kind of machine. After each batch the processes add up their
    counts, so that none waits for another longer than a batch takes.
    """
    require_same_labels(checkpoint.label_set, folder.label_set)
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    own = batches[share.rank :: share.world_size]
    loader = iter(_load(PhotosToMeasure(folder, checkpoint.recipe.network), own, workers))
    total = Evaluation(checkpoint.label_set)
    rounds = range(math.ceil(len(batches) / share.world_size))
    for number in tqdm(rounds, desc="evaluate", unit="batch", leave=False, disable=share.rank != 0):
        part = Evaluation(checkpoint.label_set)
        if number < len(own):
            for sample, prediction in _predict(checkpoint, next(loader), predict, max(workers, 1)):
                part.add(prediction, sample)
        total.add_counts(share.add_up(part.counts()))
    return total


Photo = tuple[Sample, FittedPhoto] | BrokenSampleError


class PhotosToMeasure(Dataset[Photo]):
    """The samples of a folder by name, each with its photo fitted to a network's input.

    A broken sample is returned, not raised: an exception of a loading process would lose its sentence.
    """

    def __init__(self, folder: PreparedFolder, recipe: NetworkRecipe) -> None:
        self.folder, self.recipe = folder, recipe

    def __getitem__(self, name: str) -> Photo:
        try:
            sample = self.folder.read(name)
        except BrokenSampleError as error:
            return error
        return sample, fit_to_input(sample.image, self.recipe)


def _load(photos: PhotosToMeasure, batches: list[list[str]], workers: int) -> DataLoader[Photo]:
    return DataLoader(photos, batch_sampler=batches, num_workers=min(workers, len(batches)), collate_fn=list)


def _predict(
    checkpoint: Checkpoint, batch: list[Photo], predict: Predictor, threads: int
) -> Iterator[tuple[Sample, Prediction]]:
    """Each photo's sample and prediction; by the protocol ``one_pass``, all in one pass of the network."""
    photos = []
    for photo in batch:
        if isinstance(photo, BrokenSampleError):
            raise photo
        photos.append(photo)
    if predict is one_pass:
        fitted = [fitted for _, fitted in photos]
        predictions = predict_batch(checkpoint.network, fitted, checkpoint.recipe.network, threads)
        return zip((sample for sample, _ in photos), predictions, strict=True)
    return ((sample, predict(checkpoint, sample.image)) for sample, _ in photos)


def table(result: dict[str, Any], label_set: LabelSet) -> str:
    """The metrics as text, in per cent."""
    rows = [(title, result[key]) for key, title in figure_titles(label_set).items()]
    rows += [(f"  IoU {name}", value) for name, value in result["label_iou"].items()]
    rows += [(f"  PCKh {name}", value) for name, value in result.get("joint_pckh", {}).items()]
    return "\n".join([f"{result['photos']} photos"] + [f"{title:36} {100 * value:6.2f}" for title, value in rows])
