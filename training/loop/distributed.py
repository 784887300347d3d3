"""Distributed context: this process's device and rank, one device per process; several processes under torchrun."""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True, slots=True)
class DistributedContext:
    """This process's device, its rank, and the number of processes of the run."""

    device: torch.device
    rank: int
    world_size: int

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    @property
    def precision(self) -> torch.dtype:
        """bfloat16 where the device is faster in it. A CPU is not: depth-wise gradients take longer."""
        return torch.bfloat16 if self.device.type == "cuda" else torch.float32


def init_distributed() -> DistributedContext:
    """Choose a device, and join the process group if torchrun started this process."""
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
    if world_size > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return DistributedContext(device, rank, world_size)
