"""Optimisers and their learning rates, by the form of a recipe's schedule."""

import math

import torch

from training.networks.network import Network
from training.recipe import AdamWRecipe, SGDRecipe


def build_optimizer(network: Network, schedule: AdamWRecipe | SGDRecipe) -> torch.optim.Optimizer:
    """The schedule's optimiser; each group keeps its highest learning rate as ``peak_lr``."""
    if isinstance(schedule, SGDRecipe):
        chosen = [p for p in network.parameters() if p.requires_grad]
        group = {"params": chosen, "peak_lr": schedule.learning_rate}
        return torch.optim.SGD([group], lr=schedule.learning_rate, momentum=schedule.momentum)
    return torch.optim.AdamW(adamw_groups(network, schedule))


def adamw_groups(network: Network, schedule: AdamWRecipe) -> list[dict[str, object]]:
    """The trunk learns more slowly, and vectors (norms, biases) do not decay."""
    pretrained = {id(parameter) for parameter in network.pretrained_parameters()}
    groups: list[dict[str, object]] = []
    for in_trunk, learning_rate in ((True, schedule.trunk_learning_rate), (False, schedule.learning_rate)):
        members = [p for p in network.parameters() if p.requires_grad and (id(p) in pretrained) == in_trunk]
        for is_vector, decay in ((True, 0.0), (False, schedule.weight_decay)):
            chosen = [p for p in members if (p.ndim == 1) == is_vector]
            groups.append({"params": chosen, "weight_decay": decay, "peak_lr": learning_rate, "lr": learning_rate})
    return groups


def rate_factor(schedule: AdamWRecipe | SGDRecipe, epoch: float) -> float:
    """Share of the highest learning rate that is due; ``epoch`` counts from 0 in fractions."""
    if isinstance(schedule, SGDRecipe):
        return float((1 - epoch / schedule.epochs) ** schedule.power)
    if epoch < schedule.warmup_epochs:
        return (epoch + 0.01) / schedule.warmup_epochs
    done = (epoch - schedule.warmup_epochs) / max(schedule.epochs - schedule.warmup_epochs, 1)
    return 0.5 * (1 + math.cos(math.pi * done))
