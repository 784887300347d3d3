"""Base class of networks: what training, evaluation and export need of one."""

from abc import ABC, abstractmethod
from pathlib import Path

from torch import Tensor, nn

from training.networks.cells import Cells
from training.networks.stage import Stage


class Network(nn.Module, ABC):
    """A network for parsing, and for pose where its label set has joints.

    It normalises its input and orders the colour channels itself.
    """

    stride: int
    """Input pixels per cell of the output grid."""

    origin: float
    """The input pixel that the first cell stands for; (stride − 1) / 2 where cells stand for their centre."""

    multiple: int
    """Height and width of the input must be multiples of this."""

    def cells(self, length: int) -> Cells:
        """The output's cells along an axis of ``length`` input pixels."""
        return Cells(float(self.stride), self.origin)

    @abstractmethod
    def forward(self, images: Tensor) -> list[Stage]:
        """float32 (N, 3, H, W), RGB, 0–255 → stages, first to last; the last one is the prediction."""

    @abstractmethod
    def load_pretrained(self, file: Path | None) -> None:
        """Load weights trained elsewhere: those that come with the network, or those in ``file``.

        Raises InputError without a file where none come with it, and with a file where it reads none.
        """

    @abstractmethod
    def pretrained_parameters(self) -> list[nn.Parameter]:
        """Parameters that ``load_pretrained`` fills."""
