"""The detector's deployable graph: a byte image in, the surest candidates for people's boxes out (docs/model-file.md).

``image``: uint8 (N, H, W, 3), RGB, H and W multiples of 32 → ``boxes``: float32 (N, 64, 4), left, top, right, bottom
in input pixels, and ``scores``: float32 (N, 64), 0–1, falling. What is no candidate has a score of 0. Doubles are left
to ``training.networks.detector.decode.suppress``.
"""

from torch import Tensor, nn

from training.networks.detector.decode import candidates


class DetectorGraph(nn.Module):
    """A detector around which bytes become floats, and cells become boxes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return candidates(self.network(image.permute(0, 3, 1, 2).float()))
