"""COCO's run lengths, read in the plainest way."""

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def decode(text: str, height: int, width: int) -> Image:
    """The plain reading of the format, one character at a time."""
    runs: list[int] = []
    number = shift = 0
    for character in text:
        bits = ord(character) - 48
        number |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            number -= (1 << shift) if bits & 16 else 0
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = shift = 0
    inside = np.repeat(np.arange(len(runs)) % 2, runs).astype(np.uint8)
    return inside.reshape(width, height).T
