"""Train by a recipe: ``python -m training.train PRESET --data DIR --out RUN``.

PRESET is a name in ``presets/`` or a TOML file; DIR a prepared folder. RUN gets ``last.pt`` (everything needed to go
on, after every epoch), ``best.pt`` (the averaged weights that measured best), ``log.jsonl`` and TensorBoard's files.
``--resume`` goes on where a killed run stopped and ends as if it had not been. Several GPUs:
``torchrun --nproc-per-node N -m training.train …``, same arguments.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import cv2
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training.checkpoint import build_network, load_checkpoint, save_checkpoint, write_whole
from training.data.sample import PreparedFolder
from training.devices import Place, take_place
from training.evaluate import evaluate, table
from training.inference import predict
from training.losses import joint_loss
from training.networks.lite import LiteNetwork
from training.pictures import overlay
from training.recipe import Recipe, ScheduleRecipe, load_recipe
from training.views import RareLabelSampler, TrainingViews, Views, repeat_factors

Tensors = tuple[Tensor, ...] | list[Tensor]

VALIDATE_EVERY = 4
PICTURES = 4


class NonFiniteLossError(ArithmeticError):
    """The loss became nan or infinite; the weights on disk are from before."""


class Trainer:
    """One run: owns the network, its average, the optimiser and the run's folder."""

    def __init__(self, recipe: Recipe, folder: PreparedFolder, out: Path, place: Place) -> None:
        self.recipe, self.folder, self.out, self.place = recipe, folder, out, place
        torch.manual_seed(recipe.schedule.seed)
        self.network = build_network(recipe)
        self.network.load_pretrained()
        self.network.trunk.freeze_early(recipe.network.frozen_groups)
        self.network.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network, multi_avg_fn=moving_average(recipe.schedule.ema_decay), use_buffers=True
        )
        self.parallel: nn.Module = DistributedDataParallel(self.network) if place.ranks > 1 else self.network
        self.optimizer = build_optimizer(self.network, recipe.schedule)
        names = folder.names("train")
        factors = repeat_factors(folder, names, recipe.sampling.rare_share)
        self.sampler = RareLabelSampler(factors, recipe.schedule.seed, place.rank, place.ranks)
        self.views = TrainingViews(folder, names, recipe)
        self.epoch = 0
        self.best = -math.inf

    def run(self) -> None:
        """All epochs that are left."""
        writer = SummaryWriter(self.out) if self.place.leads else None
        while self.epoch < self.recipe.schedule.epochs:
            losses = self.train_epoch()
            self.epoch += 1
            record: dict[str, Any] = {"epoch": self.epoch, "losses": losses}
            if self.place.leads and writer is not None:
                if self.epoch % VALIDATE_EVERY == 0 or self.epoch == self.recipe.schedule.epochs:
                    record["metrics"] = self.validate(writer)
                self.report(writer, record)
                self.save_progress()

    def train_epoch(self) -> dict[str, float]:
        """One pass; the mean of every term of the loss comes back."""
        schedule = self.recipe.schedule
        torch.manual_seed(schedule.seed * 1_000_003 + self.epoch)
        self.sampler.epoch = self.epoch
        loader = DataLoader(
            self.views,
            schedule.batch // self.place.ranks,
            sampler=self.sampler,
            num_workers=2,
            drop_last=True,
        )
        self.network.train()
        sums: dict[str, float] = {}
        progress = tqdm(loader, desc=f"epoch {self.epoch + 1}/{schedule.epochs}", disable=not self.place.leads)
        for index, batch in enumerate(progress):
            self.set_learning_rate(self.epoch + index / len(loader))
            terms = self.step(Views(*batch))
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value
            progress.set_postfix(loss=f"{terms['total']:.3f}")
        return {name: value / len(loader) for name, value in sums.items()}

    def step(self, batch: Views) -> dict[str, float]:
        """One batch forward, backward, update. Raises NonFiniteLossError."""
        device, loss_recipe = self.place.device, self.recipe.loss
        images, labels, maps, weights = (tensor.to(device, non_blocking=True) for tensor in batch)
        images = images.float().contiguous(memory_format=torch.channels_last)
        mixed = self.place.precision != torch.float32
        with torch.autocast(device.type, self.place.precision if mixed else None, enabled=mixed):
            stages = self.parallel(images)
        stages = [type(stage)(stage.parsing.float(), stage.pose.float()) for stage in stages]
        terms = joint_loss(stages, labels, maps, weights, loss_recipe.background, loss_recipe.pose)
        self.require_finite(terms)
        self.optimizer.zero_grad(set_to_none=True)
        terms["total"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.schedule.clip_norm)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return {name: float(value.detach()) for name, value in terms.items()}

    def require_finite(self, terms: dict[str, Tensor]) -> None:
        bad = [name for name, value in terms.items() if not torch.isfinite(value)]
        if bad:
            raise NonFiniteLossError(
                f"epoch {self.epoch + 1}: the loss is not finite ({', '.join(bad)}). {self.out / 'last.pt'} holds the "
                "state after the last whole epoch. Lower learning_rate or clip_norm, or look for broken samples."
            )

    def set_learning_rate(self, epoch: float) -> None:
        """Linear warm-up, then a half cosine to zero; ``epoch`` counts from 0 in fractions."""
        schedule = self.recipe.schedule
        if epoch < schedule.warmup_epochs:
            factor = (epoch + 0.01) / schedule.warmup_epochs
        else:
            done = (epoch - schedule.warmup_epochs) / max(schedule.epochs - schedule.warmup_epochs, 1)
            factor = 0.5 * (1 + math.cos(math.pi * done))
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak_lr"]

    def validate(self, writer: SummaryWriter) -> dict[str, Any]:
        """Measure the averaged weights; keep them if they are the best so far."""
        network = cast(LiteNetwork, self.average.module).eval()
        names = self.folder.names("val")
        metrics = evaluate(network, self.recipe.network, self.folder, names)
        score = metrics["mean_iou"] + metrics["mean_iou_7"] + metrics["pckh"]
        if score > self.best:
            self.best = score
            save_checkpoint(self.out / "best.pt", network, self.recipe, asdict(self.folder.info), metrics)
        for name in names[:PICTURES]:
            image = self.folder.read(name).image
            prediction = predict(network, image, self.recipe.network.height, self.recipe.network.width)
            picture = overlay(image, prediction.labels, prediction.joints)
            writer.add_image(f"val/{name}", picture, self.epoch, dataformats="HWC")
        print(table(metrics).split("\n  ")[0])
        return metrics

    def report(self, writer: SummaryWriter, record: dict[str, Any]) -> None:
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
        state = {
            "epoch": self.epoch,
            "best": self.best,
            "recipe": self.recipe.model_dump(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        write_whole(self.out / "last.pt", state)

    def start_from(self, path: Path) -> None:
        """Begin with a checkpoint's weights in place of the ImageNet ones. Raises RuntimeError if they do not fit."""
        weights = load_checkpoint(path).network.state_dict()
        self.network.load_state_dict(weights)
        cast(LiteNetwork, self.average.module).load_state_dict(weights)

    def resume(self) -> None:
        """Go on from ``last.pt``. Raises ValueError when it was made by another recipe."""
        state = torch.load(self.out / "last.pt", map_location=self.place.device, weights_only=True)
        if Recipe.model_validate(state["recipe"]) != self.recipe:
            raise ValueError(f"{self.out / 'last.pt'} was made by another recipe: use that one, or another --out")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.best = state["epoch"], state["best"]


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential moving average of weights that forgets the first steps quickly: decay (1 + n) / (10 + n) at most."""

    def update(averages: Tensors, values: Tensors, count: Tensor | int) -> None:
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - keep)
            else:
                average.copy_(value)

    return update


def build_optimizer(network: LiteNetwork, schedule: ScheduleRecipe) -> torch.optim.Optimizer:
    """AdamW; the trunk learns more slowly, and vectors (norms, biases) do not decay."""
    pretrained = {id(parameter) for parameter in network.pretrained_parameters()}
    groups = []
    for in_trunk, learning_rate in ((True, schedule.trunk_learning_rate), (False, schedule.learning_rate)):
        members = [p for p in network.parameters() if p.requires_grad and (id(p) in pretrained) == in_trunk]
        for is_vector, decay in ((True, 0.0), (False, schedule.weight_decay)):
            chosen = [p for p in members if (p.ndim == 1) == is_vector]
            groups.append({"params": chosen, "weight_decay": decay, "peak_lr": learning_rate, "lr": learning_rate})
    return torch.optim.AdamW(groups)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from RUN/last.pt")
    start.add_argument("--from", type=Path, dest="origin", help="begin with this checkpoint's weights (fine-tuning)")
    args = parser.parse_args()
    cv2.setNumThreads(0)  # OpenCV's threads do not survive the fork into loader processes
    place = take_place()
    begun = (args.out / "last.pt").exists()
    if begun and not args.resume:
        parser.error(f"{args.out} already holds a run: --resume goes on with it, another --out starts anew")
    if args.resume and not begun:
        parser.error(f"--resume: {args.out} holds no last.pt")
    args.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(load_recipe(args.preset), PreparedFolder(args.data), args.out, place)
    if args.resume:
        trainer.resume()
        print(f"resuming {args.out} after epoch {trainer.epoch}")
    elif args.origin:
        trainer.start_from(args.origin)
        print(f"STARTING FROM THE WEIGHTS OF {args.origin}, not from ImageNet's")
    trainer.run()


if __name__ == "__main__":
    main()
