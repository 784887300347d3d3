"""Training run of the person detector on one device."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from training.checkpoints.checkpoint import save_atomically
from training.checkpoints.detector import DetectorCheckpoint, save_detector
from training.errors.input_error import InputError
from training.evaluation.detector_evaluation import Measured
from training.loop.weight_ema import WeightEma
from training.networks.detector.dataset import DetectorBatches, DetectorData
from training.networks.detector.network import DetectorNetwork
from training.networks.detector.objective import DetectorObjective
from training.networks.detector.recipe import DetectorRecipe
from training.networks.torch_file import read_torch_file
from training.recipes.differences import differences
from training.recipes.recipe_error import validated

Validate = Callable[[nn.Module], Measured]
"""A network → what it finds on the photos that weights are chosen by."""

MOST_NOBODY = 0.08
"""Share of photos of nobody on which a detector may see somebody."""


class DetectorTrainer:
    """One run: owns the network, its moving average, the optimizer and the run's folder."""

    def __init__(
        self, network: DetectorNetwork, recipe: DetectorRecipe, data: DetectorData, validate: Validate, out: Path
    ) -> None:
        self.network, self.recipe, self.data, self.validate, self.out = network, recipe, data, validate, out
        network.trunk.freeze_early(recipe.network.frozen_groups)
        self.average = WeightEma(network, recipe.schedule.ema_decay)
        self.objective = DetectorObjective(network, recipe.loss)
        self.optimizer = recipe.schedule.build_optimizer(network, network.trunk.parameters())
        self.epoch, self.best = 0, -math.inf

    def run(self) -> None:
        """All epochs that are left. Raises InputError when the loss is not finite."""
        while self.epoch < self.recipe.schedule.epochs:
            losses = self.train_epoch()
            self.epoch += 1
            measured = self.validate(self.average.module)
            figures = measured.figures(measured.best_score(MOST_NOBODY))
            if (quality := figures["average_precision"] + figures["f1"]) > self.best:
                self.best = quality
                save_detector(DetectorCheckpoint(self.average.module, self.recipe, figures), self.out / "best.pt")
            self.report({"epoch": self.epoch, "losses": losses, "figures": figures})
            self.save_progress()

    def train_epoch(self) -> dict[str, float]:
        """One pass over the photos; the mean of every term of the loss comes back."""
        loader = DataLoader(DetectorBatches(self.data, self.recipe, self.epoch), batch_size=None, num_workers=1)
        self.network.train()
        sums: dict[str, float] = {}
        for index, (images, *targets) in enumerate(progress := tqdm(loader, desc=f"epoch {self.epoch + 1}")):
            self.set_learning_rate(self.epoch + index / len(loader))
            terms = self.step(images, targets)
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value
            progress.set_postfix(loss=f"{terms['total']:.3f}")
        return {name: value / len(loader) for name, value in sums.items()}

    def step(self, images: Tensor, targets: list[Tensor]) -> dict[str, float]:
        """One batch forward, backward, update. Raises InputError when the loss is not finite."""
        terms: dict[str, Tensor] = self.objective(
            images.float().contiguous(memory_format=torch.channels_last), *targets
        )
        if not torch.isfinite(terms["total"]):
            raise InputError(f"epoch {self.epoch + 1}: the loss is not finite; lower the learning rates")
        self.optimizer.zero_grad(set_to_none=True)
        terms["total"].backward()  # type: ignore[no-untyped-call]
        if self.recipe.schedule.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.schedule.clip_norm)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return {name: float(value.detach()) for name, value in terms.items()}

    def set_learning_rate(self, epoch: float) -> None:
        """``epoch`` counts from 0 in fractions."""
        factor = self.recipe.schedule.rate_factor(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak_lr"]

    def report(self, record: dict[str, Any]) -> None:
        print(json.dumps(record), flush=True)
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")

    def save_progress(self) -> None:
        state = {
            "epoch": self.epoch,
            "best": self.best,
            "recipe": self.recipe.model_dump(mode="json"),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        save_atomically(self.out / "last.pt", state)

    def resume(self) -> None:
        """Go on from ``last.pt``. Raises InputError when it was made by another recipe or is damaged, and OSError."""
        state = read_torch_file(self.out / "last.pt")
        if changed := differences(validated(DetectorRecipe, state["recipe"]), self.recipe):
            raise InputError(
                f"{self.out} was begun with another recipe: {'; '.join(map(str, changed))}. "
                "Use that one, or another --out"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.best = state["epoch"], state["best"]
