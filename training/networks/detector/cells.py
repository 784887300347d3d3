"""What the person detector says at every cell of its grid."""

from typing import Final, NamedTuple

from torch import Tensor

STRIDE: Final = 4
"""Input pixels from one cell to the next. Cell (0, 0) lies at the input's upper left corner, as MoveNet has it."""

MULTIPLE: Final = 32
"""Height and width of the input are multiples of this."""


class Cells(NamedTuple):
    """What every cell of the grid (h, w) says.

    ``center``: (N, 1, h, w), how likely a person's middle is here, before the sigmoid.
    ``size``: (N, 2, h, w), height and width of that person's box, in cells.
    ``offset``: (N, 2, h, w), from the cell's index to the box's middle, y and x, in cells.
    """

    center: Tensor
    size: Tensor
    offset: Tensor
