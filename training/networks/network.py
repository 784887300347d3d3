"""What training, evaluation and export need of a joint network."""

from abc import ABC, abstractmethod
from pathlib import Path

from torch import Tensor, nn

from training.networks.stage import Stage


class Network(nn.Module, ABC):
    """A joint network. Normalising and channel order are its own business."""

    stride: int
    """Input pixels from one cell of its answers' grid to the next."""

    origin: float
    """The input pixel that the first cell's answer is about; (stride − 1) / 2 where cells answer for their middle."""

    multiple: int
    """Height and width of the input must be multiples of this."""

    @abstractmethod
    def forward(self, images: Tensor) -> list[Stage]:
        """float32 (N, 3, H, W), RGB, 0–255 → stages, first to last; the last one is the answer."""

    @abstractmethod
    def load_pretrained(self, file: Path | None) -> None:
        """Start from weights trained elsewhere: those that come with the network, or those in ``file``.

        Raises ValueError when it has none of its own, or no use for a file.
        """

    @abstractmethod
    def pretrained_parameters(self) -> list[nn.Parameter]:
        """Parameters that ``load_pretrained`` fills."""
