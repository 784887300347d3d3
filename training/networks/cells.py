"""Cells: where the cells of a network's output grid lie in its input."""

from typing import NamedTuple


class Cells(NamedTuple):
    """Cells along one axis: input pixels from one cell to the next, and the pixel that the first one stands for."""

    step: float
    origin: float
