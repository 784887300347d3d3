"""Objective: a network and its loss as one module, from a batch to the terms of the loss and their ``total``.

One module, so that ``DistributedDataParallel`` sees one forward pass, however often the network runs in it.
"""

import torch
from torch import Tensor, nn

from training.networks.network import Network
from training.networks.stage import Stage

Terms = dict[str, Tensor]


class Objective(nn.Module):
    """A network and its loss. Takes the tensors of a batch of ``TrainingExample``, images as float32.

    The network runs in ``precision``, the loss in float32.
    """

    def __init__(self, network: Network, precision: torch.dtype) -> None:
        super().__init__()
        self.network, self.precision = network, precision

    def stages(self, images: Tensor) -> list[Stage]:
        """The network's stages, float32."""
        mixed = self.precision != torch.float32
        with torch.autocast(images.device.type, self.precision if mixed else None, enabled=mixed):
            stages: list[Stage] = self.network(images)
        return [Stage(stage.parsing.float(), stage.pose.float()) for stage in stages]
