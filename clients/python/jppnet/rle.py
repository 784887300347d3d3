"""COCO's run-length encoding, decoded."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


def label_ids(height: int, width: int, parts: Iterable[tuple[int, str]]) -> npt.NDArray[np.uint8]:
    """The label of every pixel (height, width), from ids and the compressed runs of their pixels; others are 0.

    Raises:
        ValueError: runs that do not cover the pixels exactly.
    """
    walk = np.zeros(width * height, np.uint8)
    for label, counts in parts:
        runs = run_lengths(counts)
        if runs.min() < 0 or runs.sum() != walk.size:
            raise ValueError(f"the runs are of {runs.sum()} pixels, not {walk.size}")
        inside = np.resize(np.array([False, True]), runs.size)
        walk[np.repeat(inside, runs)] = label
    return np.ascontiguousarray(walk.reshape(width, height).T)  # runs go down the columns


def run_lengths(counts: str) -> npt.NDArray[np.int64]:
    """The lengths of the runs outside and inside a part in turn.

    Each is written in characters of five bits, lowest first, from “0” (48) on; a sixth bit says that more follow, and
    the last one's highest bit is the sign. From the fourth on it is the difference to the run two before.
    """
    characters = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero(characters < 32)
    starts = np.concatenate(([0], ends[:-1] + 1))
    places = np.arange(characters.size) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((characters & 31) << 5 * places, starts)
    is_negative = (characters[ends] & 16) > 0
    values[is_negative] -= 1 << 5 * (places[ends][is_negative] + 1)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
