"""The most time that a block of a sequential JPEG file takes to decode: `python -m tests.benchmarks.worst_jpeg`.

Each file codes all 64 coefficients of every block, with Huffman codes of one length; with restart markers after every
unit they cannot be read ahead, either. The service's limit on files that are decoded in its own threads rests on this.
"""

import time
from collections.abc import Sequence
from itertools import product
from typing import Final

import cv2
import numpy as np

from service.engine.decoding.decoders import BLOCKS_IN_THREAD
from service.imaging.decode import decode_file
from service.imaging.inspect import read_file
from service.imaging.photo_file import PhotoFile
from tests.helpers.dense_jpeg import dense_jpeg

SIDE: Final = 1000
SAMPLINGS: Final[Sequence[Sequence[tuple[int, int]]]] = (
    ((1, 1),),
    ((1, 1),) * 3,
    ((2, 2), (1, 1), (1, 1)),
    ((4, 2), (1, 1), (1, 1)),
    ((1, 1),) * 4,
)
"""How often each plane is sampled, across and down."""
CODES: Final = ((1, 1), (1, 10), (8, 1), (9, 1), (16, 1), (16, 15))
"""Bits of each coefficient's code, and of its value. Codes of up to 8 are looked up, longer ones read bit by bit."""
RUNS: Final = 3
EXTRA: Final = 10_000_000
"""Bytes behind the last block of a picture."""


def main() -> None:
    """Prints the time of each kind of file, and the longest."""
    cv2.setNumThreads(1)
    longest = 0.0
    for sampling, (code, value), restarts in product(SAMPLINGS, CODES, (False, True)):
        file = read_file(dense_jpeg(SIDE, sampling, code, value, restarts))
        seconds = _seconds(file)
        block = seconds / file.header.sequential_blocks
        longest = max(longest, block)
        print(
            f"sampled {sampling}, codes of {code} and values of {value} bits{', restarts' if restarts else ''}: "
            f"{1e9 * block:.0f} ns a block, {1e9 * seconds / file.size:.1f} ns a byte"
        )
    tiny = np.asarray(cv2.imencode(".jpg", np.zeros((8, 8), np.uint8))[1]).tobytes()
    long = read_file(tiny[:-2] + bytes(EXTRA) + tiny[-2:])
    print(f"{1e9 * _seconds(long) / long.size:.1f} ns a byte that is of no block")
    print(f"at most {1e9 * longest:.0f} ns a block, {BLOCKS_IN_THREAD * longest:.3f} s for {BLOCKS_IN_THREAD:,} blocks")


def _seconds(file: PhotoFile) -> float:
    """The time to decode a file: the shortest of some."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        decode_file(file)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
