"""AdamW with a lower learning rate for the pretrained trunk; linear warm-up, then half a cosine to zero."""

import math
from collections.abc import Iterable

import torch
from pydantic import Field
from torch import nn

from training.optimizers.schedule import Schedule


class AdamWSchedule(Schedule):
    """Schedule with AdamW. Vectors (norms, biases) do not decay."""

    trunk_learning_rate: float = Field(gt=0, description="the highest of the pretrained parameters")
    weight_decay: float = Field(ge=0)
    warmup_epochs: int = Field(ge=0)

    def build_optimizer(self, network: nn.Module, pretrained: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        in_trunk = {id(parameter) for parameter in pretrained}
        groups: list[dict[str, object]] = []
        for is_trunk, rate in ((True, self.trunk_learning_rate), (False, self.learning_rate)):
            members = [p for p in network.parameters() if p.requires_grad and (id(p) in in_trunk) == is_trunk]
            for is_vector, decay in ((True, 0.0), (False, self.weight_decay)):
                chosen = [p for p in members if (p.ndim == 1) == is_vector]
                groups.append({"params": chosen, "weight_decay": decay, "peak_lr": rate, "lr": rate})
        return torch.optim.AdamW(groups)

    def rate_factor(self, epoch: float) -> float:
        if epoch < self.warmup_epochs:
            return (epoch + 0.01) / self.warmup_epochs
        done = (epoch - self.warmup_epochs) / max(self.epochs - self.warmup_epochs, 1)
        return 0.5 * (1 + math.cos(math.pi * done))
