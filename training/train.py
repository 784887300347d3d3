"""Train by a recipe: ``python -m training.train PRESET --data DIR --out RUN``.

PRESET is a name in ``presets/`` or a TOML file; DIR a prepared folder (``--data A --data B`` mixes two, by the
recipe's ``sampling.shares``). RUN gets ``last.pt`` (everything needed to go on, after every epoch), ``best.pt`` (the
averaged weights that measured best), ``log.jsonl`` and TensorBoard's files.
``--resume`` goes on where a killed run stopped and ends as if it had not been. Several GPUs:
``torchrun --nproc-per-node N -m training.train …``, same arguments.

A run begins with weights that the makers of its network's trunk trained; with a checkpoint's only when told so
(``--from``), and then it says so.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
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

from training.checkpoint import Checkpoint, build_network, load_checkpoint, save_checkpoint, write_whole
from training.data.mixed import open_data
from training.data.sample import PreparedFolder
from training.devices import Place, take_place
from training.evaluate import evaluate, table
from training.label_set import LabelSet
from training.networks.network import Network
from training.objectives import build_objective
from training.optimizers import build_optimizer, rate_factor
from training.pictures import overlay
from training.protocols import one_pass
from training.recipe import LiteRecipe, Recipe, load_recipe, parse_recipe
from training.views import TrainingViews, Views, build_sampler

Tensors = tuple[Tensor, ...] | list[Tensor]

VALIDATE_EVERY = 4
PICTURES = 4


class NonFiniteLossError(ArithmeticError):
    """The loss became nan or infinite; the weights on disk are from before."""


class Trainer:
    """One run: owns the network that it is given, its average, the optimiser and the run's folder."""

    def __init__(self, network: Network, recipe: Recipe, folder: PreparedFolder, out: Path, place: Place) -> None:
        self.recipe, self.folder, self.out, self.place = recipe, folder, out, place
        self.network = network.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network, multi_avg_fn=moving_average(recipe.schedule.ema_decay), use_buffers=True
        )
        objective = build_objective(self.network, recipe, folder.label_set, place.precision)
        self.objective: nn.Module = DistributedDataParallel(objective) if place.ranks > 1 else objective
        self.optimizer = build_optimizer(self.network, recipe.schedule)
        names = folder.names("train")
        if len(names) < recipe.schedule.batch:
            raise ValueError(f"{folder.root} has {len(names)} photos to train on, fewer than one batch")
        self.sampler = build_sampler(recipe, folder, names, place.rank, place.ranks)
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
        images, *targets = (tensor.to(self.place.device, non_blocking=True) for tensor in batch)
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
        bad = [name for name, value in terms.items() if not torch.isfinite(value)]
        if bad:
            raise NonFiniteLossError(
                f"epoch {self.epoch + 1}: the loss is not finite ({', '.join(bad)}). {self.out / 'last.pt'} holds the "
                "state after the last whole epoch. Lower learning_rate or clip_norm, or look for broken samples."
            )

    def set_learning_rate(self, epoch: float) -> None:
        """``epoch`` counts from 0 in fractions."""
        factor = rate_factor(self.recipe.schedule, epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak_lr"]

    def validate(self, writer: SummaryWriter) -> dict[str, Any]:
        """Measure the averaged weights; keep them if they are the best so far."""
        network, label_set = cast(Network, self.average.module).eval(), self.folder.label_set
        names = self.folder.names("val")
        measured = Checkpoint(network, self.recipe, label_set, asdict(self.folder.info), {})
        metrics = evaluate(measured, self.folder, names)
        score = quality(metrics, label_set)
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

    def resume(self) -> None:
        """Go on from ``last.pt``. Raises ValueError when it was made by another recipe."""
        state = torch.load(self.out / "last.pt", map_location=self.place.device, weights_only=True)
        if parse_recipe(state["recipe"]) != self.recipe:
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


def quality(metrics: dict[str, Any], label_set: LabelSet) -> float:
    """What the best weights are chosen by: mIoU over labels and over merged parts, and PCKh, as far as measured."""
    figures = ("mean_iou", f"mean_iou_{len(label_set.merged)}", "pckh")
    return float(sum(metrics[name] for name in figures if not math.isnan(metrics.get(name, math.nan))))


def random_network(recipe: Recipe, label_set: LabelSet) -> Network:
    """The recipe's network with random weights, the same for the same seed."""
    torch.manual_seed(recipe.schedule.seed)
    return build_network(recipe, label_set)


def network_from(path: Path, recipe: Recipe, label_set: LabelSet) -> tuple[Network, list[str]]:
    """The recipe's network with a checkpoint's weights, and the names of those that it could not take over.

    Only another label set is a reason for that: its answers, and what reads them, begin with random weights. Raises
    RuntimeError for a checkpoint of another network.
    """
    network, origin = random_network(recipe, label_set), load_checkpoint(path)
    fresh = network.state_dict()
    weights, other = origin.network.state_dict(), []
    if origin.label_set != label_set:
        other = [name for name in fresh if name in weights and weights[name].shape != fresh[name].shape]
    network.load_state_dict(weights | {name: fresh[name] for name in other})
    return network, other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument(
        "--data", type=Path, required=True, action="append", help="a prepared folder; several are mixed"
    )
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from RUN/last.pt")
    start.add_argument("--from", type=Path, dest="origin", help="begin with this checkpoint's weights (fine-tuning)")
    start.add_argument("--pretrained", type=Path, help="begin with this file's weights (ResNet-101 or MoveNet)")
    start.add_argument("--from-nothing", action="store_true", help="begin with random weights")
    args = parser.parse_args()
    cv2.setNumThreads(0)  # OpenCV's threads do not survive the fork into loader processes
    place = take_place()
    begun = (args.out / "last.pt").exists()
    if begun and not args.resume:
        parser.error(f"{args.out} already holds a run: --resume goes on with it, another --out starts anew")
    if args.resume and not begun:
        parser.error(f"--resume: {args.out} holds no last.pt")
    args.out.mkdir(parents=True, exist_ok=True)
    recipe = load_recipe(args.preset)
    try:
        folder = open_data(args.data, recipe.sampling.shares if isinstance(recipe, LiteRecipe) else ())
    except ValueError as error:
        parser.error(str(error))
    if args.origin:
        network, other = network_from(args.origin, recipe, folder.label_set)
        print(f"STARTING FROM THE WEIGHTS OF {args.origin}, not from the trunk's own")
        print("".join(f"  random, for another label set: {name}\n" for name in other), end="")
    else:
        network = random_network(recipe, folder.label_set)
    if not (args.resume or args.origin or args.from_nothing):
        try:
            network.load_pretrained(args.pretrained)
        except (ValueError, OSError) as error:
            parser.error(str(error))
    trainer = Trainer(network, recipe, folder, args.out, place)
    if args.resume:
        trainer.resume()
        print(f"resuming {args.out} after epoch {trainer.epoch}")
    trainer.run()


if __name__ == "__main__":
    main()
