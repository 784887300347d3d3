"""Distributed context: this process's device and rank, one device per process; several processes under torchrun."""

import os
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from training.evaluation.metrics import Counts


@dataclass(frozen=True, slots=True)
class DistributedContext:
    """This process's device, its rank, the number of processes of the run, and of those on this machine."""

    device: torch.device
    rank: int
    world_size: int
    local_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def add_up(self, counts: Counts) -> Counts:
        """The sum of all processes' counts, int64 (N,), in every process."""
        if self.world_size == 1:
            return counts
        summed = torch.from_numpy(np.ascontiguousarray(counts)).to(self.device)
        dist.all_reduce(summed)
        return summed.cpu().numpy()

    def mean(self, values: Tensor) -> Tensor:
        """The mean of all processes' values, any shape, in every process."""
        if self.world_size > 1:
            dist.all_reduce(values)
            values /= self.world_size
        return values

    def share_from_main(self, module: nn.Module) -> None:
        """Overwrite all weights and buffers of a module with those of the process of rank 0."""
        if self.world_size > 1:
            for value in module.state_dict().values():
                dist.broadcast(value, 0)


def init_distributed(timeout: float) -> DistributedContext:
    """Choose a device, and join the process group if torchrun started this process.

    ``timeout``: seconds that a process waits for the others before it gives up.
    """
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local_rank, local_size = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if world_size > 1:
        backend = "nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=timedelta(seconds=timeout))
    return DistributedContext(device, rank, world_size, local_size)


def end_distributed() -> None:
    """Leave the process group, if this process is in one."""
    if dist.is_initialized():
        dist.destroy_process_group()
