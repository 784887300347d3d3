"""AdamW whose steps are relative to each tensor's own size.

Networks with batch norm folded into them have tensors of very different sizes: in MoveNet MultiPose the root mean
square of weights goes from 0.0005 to 1.9, and a step that is small for one tensor is the end of another. As Adafactor
does (Shazeer, Stern, ICML 2018, "relative step size"), the learning rate is multiplied by each tensor's root mean
square, here the one it begins with.
"""

from collections.abc import Iterable

import torch
from torch import nn

from training.optimizers.adamw import AdamWSchedule

LEAST_SIZE = 1e-3
"""Tensors that begin smaller, such as biases of nought, learn as if they were so large."""


class RelativeAdamWSchedule(AdamWSchedule):
    """``AdamWSchedule`` with learning rates relative to the root mean square of each tensor."""

    def build_optimizer(self, network: nn.Module, pretrained: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        in_trunk = {id(parameter) for parameter in pretrained}
        groups: list[dict[str, object]] = []
        for parameter in network.parameters():
            if parameter.requires_grad:
                rate = self.trunk_learning_rate if id(parameter) in in_trunk else self.learning_rate
                rate *= max(float(parameter.detach().square().mean().sqrt()), LEAST_SIZE)
                decay = 0.0 if parameter.ndim == 1 else self.weight_decay
                groups.append({"params": [parameter], "weight_decay": decay, "peak_lr": rate, "lr": rate})
        return torch.optim.AdamW(groups)
