"""Trainer: one training run, from its first epoch to its last."""

import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, cast

import torch
from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint, save_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, UInt8Array
from training.data.training_dataset import TrainingExample
from training.data.workers import loading_processes
from training.errors.input_error import InputError
from training.evaluation.evaluation import Evaluation
from training.evaluation.evaluator import Share, measure, table
from training.evaluation.protocols import one_pass
from training.labels.label_set import LabelSet
from training.loop.batches import PassDraws, photos_of_a_pass, training_loader
from training.loop.distributed import DistributedContext
from training.loop.run_log import RunLog
from training.loop.run_state import (
    STATE_FILE,
    Progress,
    SavedRun,
    require_same_recipe,
    restore_random,
    save_state,
)
from training.loop.training_step import NonFiniteLossError, TrainingStep
from training.networks.network import Network
from training.networks.recipe import Recipe
from training.networks.registry import (
    build_dataset,
    build_sampler,
    predicted_label_set,
)
from training.recipes.toml_text import recipe_toml
from training.reporting.overlay import overlay
from training.reporting.picture_files import write_png
from training.reporting.plots import confusion_picture

PICTURES: Final = 4
"""Validation photos whose predictions TensorBoard shows."""

CONFUSION: Final = "confusion.png"
"""Picture of the best weights' confusion matrix, in a run's folder."""


class Trainer:
    """One training run: its training step, its data, its progress and its folder, which ``run`` makes."""

    def __init__(
        self, network: Network, recipe: Recipe, folder: PreparedFolder, out: Path, context: DistributedContext
    ) -> None:
        self.recipe, self.folder, self.out, self.context = recipe, folder, out, context
        photos = photos_of_a_pass(recipe, context.world_size)
        names = folder.names("train")
        if len(names) < recipe.schedule.batch:
            raise InputError(
                f"{folder.root} has {len(names)} photos to train on, fewer than one batch of {recipe.schedule.batch}: "
                "choose a smaller schedule.batch"
            )
        self.training_step = TrainingStep(network, recipe, folder.label_set, context)
        self.draws = PassDraws(
            build_sampler(recipe, folder, names, context.rank, context.world_size), photos, recipe.run.accumulate
        )
        self.loader = training_loader(build_dataset(recipe, folder, names), self.draws, recipe, context)
        self.progress = Progress(photos=len(names))
        self.random: dict[str, torch.Tensor] | None = None
        """The random state that an epoch goes on with in its middle."""

    @property
    def network(self) -> Network:
        """The network that learns; what is measured and kept is its weights' moving average."""
        return self.training_step.network

    def run(self) -> None:
        """Train all epochs that are left. Validation is after every ``run.validate_every`` epochs and the last one."""
        log = self.open_log()
        try:
            if self.progress.record:
                self.finish_epoch(log)
            while self.progress.epoch < self.recipe.schedule.epochs:
                self.train_epoch()
                self.finish_epoch(log)
        finally:
            if log:
                log.close()

    def open_log(self) -> RunLog | None:
        """Make the folder and write the recipe into it; the main process's log, which the others have not."""
        if not self.context.is_main:
            return None
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "recipe.toml").write_text(recipe_toml(self.recipe))
        return RunLog(self.out, self.progress.epoch - (self.progress.record is not None))

    def train_epoch(self) -> None:
        """Train one epoch, or what is left of it."""
        progress, schedule = self.progress, self.recipe.schedule
        torch.manual_seed(schedule.seed * 1_000_003 + progress.epoch)
        if self.random:
            restore_random(self.random)
            self.random = None
        self.draws.sampler.epoch, self.draws.first_step = progress.epoch, progress.step
        self.network.train()
        batches = iter(self.loader)
        title = f"epoch {progress.epoch + 1}/{schedule.epochs}"
        with tqdm(total=self.draws.steps, initial=progress.step, desc=title, disable=not self.context.is_main) as bar:
            while progress.step < self.draws.steps:
                began = time.perf_counter()
                passes = [self.next_pass(batches) for _ in range(self.recipe.run.accumulate)]
                progress.waited += time.perf_counter() - began
                self.training_step.set_learning_rate(progress.epoch + progress.step / self.draws.steps)
                losses = self.train_batch(passes)
                progress.seconds += time.perf_counter() - began
                progress.step += 1
                for name, value in losses.items():
                    progress.sums[name] = progress.sums.get(name, 0.0) + value
                bar.set_postfix(loss=f"{losses['total']:.3f}", refresh=False)
                bar.update()
                if self.recipe.run.save_every and progress.step % self.recipe.run.save_every == 0:
                    self.save_progress()
        times = torch.tensor([progress.seconds, progress.waited], dtype=torch.float64, device=self.context.device)
        progress.seconds, progress.waited = self.context.mean(times).tolist()
        progress.next_epoch(progress.record_of_epoch(self.draws.steps, schedule.batch))

    def next_pass(self, batches: Any) -> TrainingExample:
        """The next pass's examples. Raises InputError where a sample is broken or a loading process was killed."""
        try:
            loaded = next(batches)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise InputError(
                f"a loading process ended ({str(error).splitlines()[0]}). It may have been out of memory: take fewer "
                f"run.workers or a smaller run.prefetch. {self.how_to_go_on()}"
            ) from error
        if isinstance(loaded, BrokenSampleError):
            self.save_progress()
            raise BrokenSampleError(
                f"{loaded}. Mend the sample or take its name out of train.txt (`python -m training.prepare check "
                f"{self.folder.root}` lists all such samples). {self.how_to_go_on()}"
            )
        return cast(TrainingExample, loaded)

    def train_batch(self, passes: list[TrainingExample]) -> dict[str, float]:
        """Train one batch. Raises NonFiniteLossError that says what to do."""
        try:
            return self.training_step.run(passes)
        except NonFiniteLossError as error:
            best = self.out / "best.pt"
            start = f", from the best weights so far (--from {best})" if best.exists() else ""
            raise NonFiniteLossError(
                f"epoch {self.progress.epoch + 1}, step {self.progress.step + 1}: {error}. Begin a run in another --out"
                f"{start} with a lower schedule.learning_rate or schedule.clip_norm, or look for broken samples "
                f"(`python -m training.prepare check {self.folder.root}`)"
            ) from None

    def how_to_go_on(self) -> str:
        """What a message says of the run's continuation."""
        saved = (self.out / STATE_FILE).exists()
        return "Then go on with --resume" if saved else "Nothing was saved yet: then begin again"

    def finish_epoch(self, log: RunLog | None) -> None:
        """Validate after an epoch that is due for it, and log the epoch. What was learnt is saved before."""
        progress = self.progress
        assert progress.record is not None
        record = dict(progress.record)
        is_last = progress.epoch == self.recipe.schedule.epochs
        if is_last or progress.epoch % self.recipe.run.validate_every == 0:
            self.save_progress()
            evaluation, checkpoint = self.validate()
            record["metrics"] = evaluation.result()
            if log:
                confusion = confusion_picture(evaluation.parsing.confusion, checkpoint.label_set)
                self.keep_if_best(replace(checkpoint, metrics=record["metrics"]), confusion)
                self.draw(log, checkpoint, confusion)
        if log:
            log.add_epoch(record, self.training_step.optimizer.param_groups[0]["lr"])
        progress.record = None
        self.save_progress()

    def validate(self) -> tuple[Evaluation, Checkpoint]:
        """Measure the averaged weights on the validation split, shared out over all processes."""
        context = self.context
        network = cast(Network, self.training_step.average.module).eval()
        context.share_from_main(network)  # batch norm's statistics differ from process to process
        label_set = predicted_label_set(self.recipe, self.folder.label_set)
        checkpoint = Checkpoint(network, self.recipe, label_set, asdict(self.folder.info), {})
        share = Share(context.rank, context.world_size, context.add_up)
        workers = loading_processes(self.recipe.run.workers, context.local_size)
        return measure(checkpoint, self.folder, self.folder.names("val"), one_pass, share, workers), checkpoint

    def keep_if_best(self, checkpoint: Checkpoint, confusion: UInt8Array) -> None:
        """Write ``best.pt`` and its confusion matrix if these weights are the best so far; print the figures."""
        score = selection_score(checkpoint.metrics, checkpoint.label_set)
        if score > self.progress.best:
            self.progress.best = score
            save_checkpoint(checkpoint, self.out / "best.pt")
            write_png(confusion, self.out / CONFUSION)
        print(table(checkpoint.metrics, checkpoint.label_set).split("\n  ")[0])

    def draw(self, log: RunLog, checkpoint: Checkpoint, confusion: UInt8Array) -> None:
        """Predictions for the first validation photos and the confusion matrix, for TensorBoard."""
        label_set, epoch = checkpoint.label_set, self.progress.epoch
        for name in self.folder.names("val")[:PICTURES]:
            image = self.folder.read(name).image
            prediction = one_pass(checkpoint, image)
            log.add_picture(f"val/{name}", overlay(image, prediction.labels, prediction.joints, label_set), epoch)
        log.add_picture("val/confusion", confusion, epoch)

    def save_progress(self) -> None:
        """Write ``last.pt``: everything that ``resume`` needs."""
        if self.context.is_main:
            self.out.mkdir(parents=True, exist_ok=True)
            save_state(self.out, self.progress, self.recipe, self.training_step.state())

    def resume(self, saved: SavedRun) -> list[str]:
        """Go on from what was saved in the run's folder; returns what differs from the run's recipe, and may.

        Raises OtherRecipeError when the run was made by another recipe.
        """
        photos = self.progress.photos
        changed = require_same_recipe(self.out, saved.recipe, self.recipe, saved.progress.epoch)
        if saved.progress.photos not in (0, photos):
            changed.append(f"photos to train on: {saved.progress.photos} there, {photos} here")
        self.training_step.load_state(saved.state)
        self.progress = replace(saved.progress, photos=photos)
        self.random = saved.state["random"] if saved.progress.step else None
        return changed


def selection_score(metrics: dict[str, Any], label_set: LabelSet) -> float:
    """Score by which the best weights are chosen: the sum of mIoU over labels, over merged parts, and PCKh.

    A figure that could not be measured does not count.
    """
    figures = ("mean_iou", f"mean_iou_{len(label_set.merged)}", "pckh")
    return float(sum(metrics[name] for name in figures if not math.isnan(metrics.get(name, math.nan))))
