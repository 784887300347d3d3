"""What reading and applying a colour profile costs, beside decoding: `python -m tests.benchmarks.colors`.

Photos of 12 megapixels (4000×3000) without a profile, with one of sRGB and with one of Display P3 take turns.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Final

import cv2

from service.imaging.decode import decode_file
from service.imaging.inspect import read_file
from service.imaging.srgb import SRGB_PROFILE
from tests.benchmarks.ratios import paired
from tests.helpers.color_profiles import DISPLAY_P3
from tests.helpers.photo_files import saved, smooth

SIZE: Final = (4000, 3000)
ROUNDS: Final = 15
PROFILES: Final = {"none": b"", "sRGB": SRGB_PROFILE, "Display P3": DISPLAY_P3}


def decode(data: bytes, reduction: int) -> None:
    decode_file(read_file(data), reduction)


def cpu_milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def main() -> None:
    """Prints the median times of a JPEG, and their ratios to one without a profile; whole, and at an eighth."""
    cv2.setNumThreads(1)
    pixels = smooth(*SIZE, 3)
    files = {name: saved(pixels, "JPEG", quality=90, icc_profile=profile) for name, profile in PROFILES.items()}
    for reduction in (1, 8):
        times: dict[str, list[float]] = {name: [] for name in files}
        for number in range(ROUNDS):
            for name in sorted(files, reverse=number % 2 == 0):
                times[name].append(cpu_milliseconds(partial(decode, files[name], reduction)))
        for name, took in times.items():
            print(f"reduction {reduction}, {name}: {median(took):.1f} ms, × {paired(took, times['none'])}")


if __name__ == "__main__":
    main()
