"""COCO's run-length encoding of a part, as pycocotools writes and reads it.

Pixels are walked down the columns, left to right. What is stored are the lengths of the runs of pixels outside and
inside the part in turn, outside first (so the first is 0 if the top-left pixel is inside). From the fourth run on, it
is the difference to the run two before. Each number becomes characters of five bits, lowest first, a sixth bit saying
that more follow; the last one's highest bit is the sign.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from service.imaging.decode import Image

Numbers = npt.NDArray[np.int64]

MAX_CHARACTERS: Final = 7
"""Enough for any run of a picture that can be decoded: fewer than 2³⁰ pixels and a sign."""


def encode_labels(ids: Image, labels: Iterable[int]) -> dict[int, str]:
    """For each of the labels, the compressed runs of its pixels in a label map (height, width)."""
    walk = ids.T.ravel()
    starts = np.flatnonzero(np.diff(walk, prepend=walk[:1] ^ 1))  # the first pixel always begins a run
    ends = np.append(starts[1:], walk.size)
    owners = walk[starts]
    return {label: _compress(_runs(starts[owners == label], ends[owners == label], walk.size)) for label in labels}


def _runs(starts: Numbers, ends: Numbers, pixels: int) -> Numbers:
    """Lengths of the runs outside and inside in turn; nothing follows a run that reaches the last pixel."""
    borders = np.column_stack((starts, ends)).ravel()
    if not ends.size or ends[-1] != pixels:
        borders = np.append(borders, pixels)
    return np.diff(borders, prepend=0)


def _compress(runs: Numbers) -> str:
    """Numbers as characters from “0” (48) on."""
    rest = runs.copy()
    rest[3:] -= runs[1:-2]
    characters = np.zeros((rest.size, MAX_CHARACTERS), np.uint8)
    goes_on = np.ones(rest.size, np.bool_)
    for column in characters.T:
        five_bits, rest = rest & 31, rest >> 5
        ends_here = rest == -(five_bits >> 4)  # all that is left are copies of the sign
        column[goes_on] = (48 + five_bits + 32 * ~ends_here)[goes_on]
        goes_on &= ~ends_here
    return characters[characters > 0].tobytes().decode("ascii")
