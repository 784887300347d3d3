"""Training step: one update of a network's weights from a batch."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.data.training_dataset import TrainingExample
from training.errors.input_error import InputError
from training.labels.label_set import LabelSet
from training.loop.distributed import DistributedContext
from training.loop.precision import dtype_of
from training.loop.weight_ema import WeightEma
from training.networks.network import Network
from training.networks.recipe import Recipe
from training.networks.registry import build_objective


class NonFiniteLossError(InputError, ArithmeticError):
    """The loss became nan or infinite. The weights are those before the step."""


class TrainingStep:
    """A network with its loss, optimizer, gradient scaler and moving average, as the recipe says."""

    def __init__(self, network: Network, recipe: Recipe, label_set: LabelSet, context: DistributedContext) -> None:
        self.recipe, self.context = recipe, context
        self.memory_format = torch.channels_last if recipe.run.channels_last else torch.contiguous_format
        network = network.to(context.device, memory_format=self.memory_format)  # type: ignore[call-overload]
        self.average = WeightEma(network, recipe.schedule.ema_decay)  # a copy, without what is done to the network next
        self.network: Network = synchronized(network, context) if recipe.run.sync_batch_norm else network
        precision = dtype_of(recipe.run.precision, context.device)
        objective: nn.Module = build_objective(self.network, recipe, label_set, precision)
        if context.world_size > 1:
            objective = DistributedDataParallel(objective)
        self.objective = objective
        if recipe.run.compile:
            objective.compile()
        self.optimizer = recipe.schedule.build_optimizer(self.network, self.network.pretrained_parameters())
        self.scaler = torch.amp.GradScaler(context.device.type, enabled=precision == torch.float16)

    def run(self, passes: Sequence[TrainingExample]) -> dict[str, float]:
        """Train one batch, which comes in one or several passes of equal size: forward, backward, update.

        Returns the terms of the loss, the mean of all processes; they are read back once. Raises NonFiniteLossError in
        all processes, without an update, when a term is nan or infinite in one.
        """
        self.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        for place, batch in enumerate(passes, 1):
            with self._gradients_shared(place == len(passes)):
                terms = self.forward(batch)
                self.scaler.scale(terms["total"] / len(passes)).backward()  # type: ignore[no-untyped-call]
            for name, value in terms.items():
                sums[name] = sums[name] + value.detach() if name in sums else value.detach()
        values = self.context.mean(torch.stack([*sums.values()]).double() / len(passes)).tolist()
        losses = dict(zip(sums, values, strict=True))
        require_finite(losses)
        self.update()
        return losses

    def forward(self, batch: TrainingExample) -> dict[str, Tensor]:
        """The terms of the loss of one pass."""
        images, *targets = (tensor.to(self.context.device, non_blocking=True) for tensor in batch)
        images = images.float().contiguous(memory_format=self.memory_format)
        terms: dict[str, Tensor] = self.objective(images, *targets)
        return terms

    def update(self) -> None:
        """Move the weights by their gradients, and the average by the weights."""
        if self.recipe.schedule.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.schedule.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.average.update_parameters(self.network)

    def set_learning_rate(self, epoch: float) -> None:
        """Set the learning rate that is due; ``epoch`` counts from 0 in fractions."""
        factor = self.recipe.schedule.rate_factor(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak_lr"]

    def state(self) -> dict[str, Any]:
        """All that an exact continuation needs."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state; one without a scaler is from before there was float16."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state.get("scaler", {}))

    def _gradients_shared(self, is_last: bool) -> AbstractContextManager[None]:
        """Gradients of several processes are added up once a step, in its last pass."""
        if is_last or not isinstance(self.objective, DistributedDataParallel):
            return nullcontext()
        return self.objective.no_sync()


def synchronized(network: Network, context: DistributedContext) -> Network:
    """The network with batch norm over the photos of all processes. Raises InputError on a CPU, which has none."""
    if context.device.type != "cuda":
        raise InputError("run.sync_batch_norm is for GPUs: PyTorch's batch norm over several processes needs them")
    converted: Network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return converted


def require_finite(losses: dict[str, float]) -> None:
    """Raises NonFiniteLossError that names the terms that are nan or infinite."""
    bad = [name for name, value in losses.items() if not math.isfinite(value)]
    if bad:
        raise NonFiniteLossError(f"the loss is not finite ({', '.join(bad)})")
