"""How near a cutout's edges are to people's outlines: `python -m tests.benchmarks.cutout_edges PHOTOS MASKS`.

Two folders of files of the same names: photos (.jpg), and grey PNG masks of their size, where 0 is background, 255 is
not counted and anything else a person. For the mask, the cutout's alpha without the guided filter and with it:

- boundary IoU (Cheng et al., 2021): IoU of the strips along the outlines, 2 % and 0.5 % of the photo's diagonal wide
- IoU, and the mean squared difference of alpha (0–1) to the mask
- milliseconds of CPU time for drawing it
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt

from service.engine.engine import Engine
from service.engine.photo.analysis import Analysis
from service.settings import Settings

Plane = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
STRIPS = (0.02, 0.005)


def strip_along(mask: Mask, share: float) -> Mask:
    """What of a mask lies within a share of the diagonal of its outline."""
    width = max(1, round(share * float(np.hypot(*mask.shape))))
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & (inner == 0)


def overlaps(found: Mask, truth: Mask, counted: Mask) -> list[int]:
    """Intersection and union of each strip, and of the whole."""
    pairs = [(strip_along(found, share), strip_along(truth, share)) for share in STRIPS] + [(found, truth)]
    return [int((both & counted).sum()) for ours, theirs in pairs for both in (ours & theirs, ours | theirs)]


def unfiltered(analysis: Analysis, labels: range) -> Plane:
    with patch("service.engine.photo.analysis.follow_edges", lambda coverage, photo, cell: coverage):
        return analysis.coverage(labels)


def in_two_values(analysis: Analysis, labels: range) -> Plane:
    return (analysis.mask > 0).astype(np.uint8) * 255


WAYS: dict[str, Callable[[Analysis, range], Plane]] = {
    "mask": in_two_values, "soft edges": unfiltered, "guided filter": Analysis.coverage,
}  # fmt: skip


def main(photos: Path, masks: Path) -> None:
    """Prints a line for each way."""
    engine = Engine.start(Settings(provider="cpu", lanes=1, isolate_decoding="none"))
    sums = {name: np.zeros(6) for name in WAYS}
    errors: dict[str, list[float]] = {name: [] for name in WAYS}
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    pixels = []
    for file in sorted(masks.glob("*.png")):
        stored = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        analysis = engine.analyze_here((photos / f"{file.stem}.jpg").read_bytes(), lambda analysis: analysis)
        assert stored is not None
        assert stored.shape == analysis.mask.shape == analysis.photo.shape[:2], file.stem
        truth, counted = (stored > 0) & (stored < 255), stored < 255
        pixels.append(stored.size)
        for name, draw in WAYS.items():
            began = time.process_time()
            alpha = draw(analysis, range(1, len(analysis.card.labels)))
            times[name].append(time.process_time() - began)
            sums[name] += overlaps(alpha >= 128, truth, counted)
            errors[name].append(float(((alpha / 255 - truth) ** 2)[counted].mean()))
    print(f"{len(pixels)} photos of {np.mean(pixels) / 1e6:.2f} megapixels on average")
    for name, found in sums.items():
        wide, narrow, whole = 100 * found[::2] / found[1::2]
        print(
            f"{name}: boundary IoU {wide:.1f} (2 %), {narrow:.1f} (0.5 %), IoU {whole:.1f}, "
            f"squared error {np.mean(errors[name]):.4f}, {1000 * np.mean(times[name]):.1f} ms"
        )
    engine.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
