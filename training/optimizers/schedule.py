"""Training schedule: length, batch size, optimizer and learning rate of a run."""

from abc import abstractmethod
from collections.abc import Iterable

import torch
from pydantic import Field
from torch import nn

from training.recipes.strict_model import Share, StrictModel


class Schedule(StrictModel):
    """What every schedule has. One epoch draws as many photos as the training split has."""

    epochs: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0, description="the highest of the run")
    clip_norm: float | None = Field(None, gt=0, description="the gradient's largest norm")
    ema_decay: Share = Field(description="of the weights' moving average, which is what is kept; 0: the last weights")
    seed: int

    @abstractmethod
    def build_optimizer(self, network: nn.Module, pretrained: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer of a network's trainable parameters; each group has its highest learning rate as ``peak_lr``.

        ``pretrained``: those parameters that begin with weights trained elsewhere.
        """

    @abstractmethod
    def rate_factor(self, epoch: float) -> float:
        """Share of the highest learning rate that is due; ``epoch`` counts from 0 in fractions."""
