"""Trainer: one training run, from its first epoch to its last."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training.checkpoints.checkpoint import Checkpoint, save_atomically, save_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.training_dataset import TrainingExample
from training.evaluation.evaluator import evaluate, table
from training.evaluation.protocols import one_pass
from training.labels.label_set import LabelSet
from training.loop.distributed import DistributedContext
from training.loop.weight_ema import ema_update
from training.networks.network import Network
from training.networks.recipe import Recipe
from training.networks.registry import (
    build_dataset,
    build_objective,
    build_sampler,
    parse_recipe,
    predicted_label_set,
)
from training.reporting.overlay import overlay

VALIDATE_EVERY = 4
"""Epochs between two validations."""

PICTURES = 4
"""Validation photos whose predictions TensorBoard shows."""


class NonFiniteLossError(ArithmeticError):
    """The loss became nan or infinite. The checkpoints on disk are of earlier epochs."""


class Trainer:
    """One training run: owns its network, the weights' moving average, the optimizer and the run's folder."""

    def __init__(
        self, network: Network, recipe: Recipe, folder: PreparedFolder, out: Path, context: DistributedContext
    ) -> None:
        self.recipe, self.folder, self.out, self.context = recipe, folder, out, context
        self.network = network.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(self.network, multi_avg_fn=ema_update(recipe.schedule.ema_decay), use_buffers=True)
        objective = build_objective(self.network, recipe, folder.label_set, context.precision)
        self.objective: nn.Module = DistributedDataParallel(objective) if context.world_size > 1 else objective
        self.optimizer = recipe.schedule.build_optimizer(self.network, self.network.pretrained_parameters())
        names = folder.names("train")
        if len(names) < recipe.schedule.batch:
            raise ValueError(f"{folder.root} has {len(names)} photos to train on, fewer than one batch")
        self.sampler = build_sampler(recipe, folder, names, context.rank, context.world_size)
        self.dataset = build_dataset(recipe, folder, names)
        self.epoch = 0
        self.best = -math.inf

    def run(self) -> None:
        """Train all epochs that are left, with validation every ``VALIDATE_EVERY`` epochs and after the last."""
        writer = SummaryWriter(self.out) if self.context.is_main else None
        while self.epoch < self.recipe.schedule.epochs:
            losses = self.train_epoch()
            self.epoch += 1
            record: dict[str, Any] = {"epoch": self.epoch, "losses": losses}
            if self.context.is_main and writer is not None:
                if self.epoch % VALIDATE_EVERY == 0 or self.epoch == self.recipe.schedule.epochs:
                    record["metrics"] = self.validate(writer)
                self.log_epoch(writer, record)
                self.save_progress()

    def train_epoch(self) -> dict[str, float]:
        """Train one epoch. Returns the mean of every term of the loss."""
        schedule = self.recipe.schedule
        torch.manual_seed(schedule.seed * 1_000_003 + self.epoch)
        self.sampler.epoch = self.epoch
        loader = DataLoader(
            self.dataset,
            schedule.batch // self.context.world_size,
            sampler=self.sampler,
            num_workers=2,
            drop_last=True,
        )
        self.network.train()
        sums: dict[str, float] = {}
        progress = tqdm(loader, desc=f"epoch {self.epoch + 1}/{schedule.epochs}", disable=not self.context.is_main)
        for index, batch in enumerate(progress):
            self.set_learning_rate(self.epoch + index / len(loader))
            terms = self.step(TrainingExample(*batch))
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value
            progress.set_postfix(loss=f"{terms['total']:.3f}")
        return {name: value / len(loader) for name, value in sums.items()}

    def step(self, batch: TrainingExample) -> dict[str, float]:
        """Train one batch: forward, backward, update. Returns the terms of the loss. Raises NonFiniteLossError."""
        images, *targets = (tensor.to(self.context.device, non_blocking=True) for tensor in batch)
        terms: dict[str, Tensor] = self.objective(
            images.float().contiguous(memory_format=torch.channels_last), *targets
        )
        self.require_finite(terms)
        self.optimizer.zero_grad(set_to_none=True)
        terms["total"].backward()  # type: ignore[no-untyped-call]
        if self.recipe.schedule.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.schedule.clip_norm)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return {name: float(value.detach()) for name, value in terms.items()}

    def require_finite(self, terms: dict[str, Tensor]) -> None:
        """Raises NonFiniteLossError for a term that is nan or infinite."""
        bad = [name for name, value in terms.items() if not torch.isfinite(value)]
        if bad:
            raise NonFiniteLossError(
                f"epoch {self.epoch + 1}: the loss is not finite ({', '.join(bad)}). {self.out / 'last.pt'} holds the "
                "state after the last whole epoch. Lower learning_rate or clip_norm, or look for broken samples."
            )

    def set_learning_rate(self, epoch: float) -> None:
        """Set the learning rate that is due; ``epoch`` counts from 0 in fractions."""
        factor = self.recipe.schedule.rate_factor(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak_lr"]

    def validate(self, writer: SummaryWriter) -> dict[str, Any]:
        """Measure the averaged weights on the validation split; keep them if they are the best so far."""
        network = cast(Network, self.average.module).eval()
        label_set = predicted_label_set(self.recipe, self.folder.label_set)
        names = self.folder.names("val")
        measured = Checkpoint(network, self.recipe, label_set, asdict(self.folder.info), {})
        metrics = evaluate(measured, self.folder, names)
        score = selection_score(metrics, label_set)
        if score > self.best:
            self.best = score
            save_checkpoint(replace(measured, metrics=metrics), self.out / "best.pt")
        for name in names[:PICTURES]:
            image = self.folder.read(name).image
            prediction = one_pass(measured, image)
            picture = overlay(image, prediction.labels, prediction.joints, label_set)
            writer.add_image(f"val/{name}", picture, self.epoch, dataformats="HWC")
        print(table(metrics, label_set).split("\n  ")[0])
        return metrics

    def log_epoch(self, writer: SummaryWriter, record: dict[str, Any]) -> None:
        """Append the epoch's record to ``log.jsonl`` and to TensorBoard's files."""
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
        writer.add_scalar("learning_rate", self.optimizer.param_groups[0]["lr"], self.epoch)
        for name, value in record["losses"].items():
            writer.add_scalar(f"loss/{name}", value, self.epoch)
        for name, value in record.get("metrics", {}).items():
            if isinstance(value, float):
                writer.add_scalar(f"val/{name}", value, self.epoch)
        writer.flush()

    def save_progress(self) -> None:
        """Write ``last.pt``: everything that ``resume`` needs."""
        state = {
            "epoch": self.epoch,
            "best": self.best,
            "recipe": self.recipe.model_dump(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        save_atomically(self.out / "last.pt", state)

    def resume(self) -> None:
        """Go on from ``last.pt``. Raises ValueError when it was made by another recipe."""
        state = torch.load(self.out / "last.pt", map_location=self.context.device, weights_only=True)
        if parse_recipe(state["recipe"]) != self.recipe:
            raise ValueError(f"{self.out / 'last.pt'} was made by another recipe: use that one, or another --out")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.best = state["epoch"], state["best"]


def selection_score(metrics: dict[str, Any], label_set: LabelSet) -> float:
    """Score by which the best weights are chosen: the sum of mIoU over labels, over merged parts, and PCKh.

    A figure that could not be measured does not count.
    """
    figures = ("mean_iou", f"mean_iou_{len(label_set.merged)}", "pckh")
    return float(sum(metrics[name] for name in figures if not math.isnan(metrics.get(name, math.nan))))
