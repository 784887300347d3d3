"""Where a run computes: one device a process, several processes under torchrun."""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True, slots=True)
class Place:
    """This process's device and its place among the processes of the run."""

    device: torch.device
    rank: int
    ranks: int

    @property
    def leads(self) -> bool:
        """Whether this process writes files and talks."""
        return self.rank == 0

    @property
    def precision(self) -> torch.dtype:
        """bfloat16 where the device gains by it. A CPU does not: depth-wise gradients are slower in it."""
        return torch.bfloat16 if self.device.type == "cuda" else torch.float32


def take_place() -> Place:
    """Join the other processes if torchrun started this one, and choose a device."""
    rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
    if ranks > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return Place(device, rank, ranks)
