"""SGD with momentum and polynomial decay of the learning rate."""

from collections.abc import Iterable

import torch
from pydantic import Field
from torch import nn

from training.optimizers.schedule import Schedule
from training.recipes.strict_model import Share


class SGDSchedule(Schedule):
    """Schedule with SGD: the learning rate falls as (1 − done) to the ``power``."""

    momentum: Share
    power: float = Field(gt=0)

    def build_optimizer(self, network: nn.Module, pretrained: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """All parameters learn at the same rate, pretrained ones too."""
        trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
        group = {"params": trainable, "peak_lr": self.learning_rate}
        return torch.optim.SGD([group], lr=self.learning_rate, momentum=self.momentum)

    def rate_factor(self, epoch: float) -> float:
        return float((1 - epoch / self.epochs) ** self.power)
