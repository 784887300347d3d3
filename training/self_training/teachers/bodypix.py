"""BodyPix (Google, Apache-2.0): where people are, and which of 24 body parts each of their pixels belongs to.

The network is convolutional, so it is asked at several sizes and with the mirror image, and the mean is taken.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.data.sample import FloatArray, UInt8Array
from training.self_training.teachers.session import open_teacher

PARTS: Final = (
    "left-face", "right-face",
    "left-upper-arm-front", "left-upper-arm-back", "right-upper-arm-front", "right-upper-arm-back",
    "left-lower-arm-front", "left-lower-arm-back", "right-lower-arm-front", "right-lower-arm-back",
    "left-hand", "right-hand", "torso-front", "torso-back",
    "left-upper-leg-front", "left-upper-leg-back", "right-upper-leg-front", "right-upper-leg-back",
    "left-lower-leg-front", "left-lower-leg-back", "right-lower-leg-front", "right-lower-leg-back",
    "left-foot", "right-foot",
)  # fmt: skip
"""The parts' names in the order of the network's planes; left and right are the person's own."""

MIRRORED: Final = (1, 0, 4, 5, 2, 3, 8, 9, 6, 7, 11, 10, 12, 13, 16, 17, 14, 15, 20, 21, 18, 19, 23, 22)
"""The plane that shows in a mirrored photo what each plane shows in the photo."""

LONG_SIDES: Final = (417, 577)
STRIDE: Final = 16
"""The network takes sides of 16 k + 1 pixels."""


@dataclass(frozen=True, slots=True)
class BodyParts:
    """``person``: float32 (H, W), the probability that the pixel shows somebody. ``parts``: float32 (24, H, W), the
    probability of each of ``PARTS`` there, each by itself."""

    person: FloatArray
    parts: FloatArray


class BodyPix:
    """The network in its ONNX form: NHWC float32 RGB, x / 127.5 − 1."""

    def __init__(self, path: Path) -> None:
        self._session = open_teacher(path)

    def __call__(self, image: UInt8Array) -> BodyParts:
        """The mean answer about a photo (H, W, 3), RGB, at its size."""
        height, width = image.shape[:2]
        mean = np.zeros((25, height, width), np.float32)
        for long_side in LONG_SIDES:
            small = cv2.resize(image, _input_size(width, height, long_side), interpolation=cv2.INTER_AREA)
            for mirrored in (False, True):
                planes = self._ask(np.asarray(small[:, ::-1] if mirrored else small, np.uint8))
                if mirrored:
                    planes = planes[[*MIRRORED, 24], :, ::-1]
                mean += _enlarged(planes, height, width)
        mean /= 2 * len(LONG_SIDES)
        return BodyParts(mean[24], mean[:24])

    def _ask(self, image: UInt8Array) -> FloatArray:
        """Probabilities of the 24 parts and of a person (25, h, w), one cell for every eight pixels and one more."""
        batch = (image[None].astype(np.float32)) / 127.5 - 1
        parts, person = self._session.run(["part_heatmaps", "segments"], {"input": batch})
        logits = np.concatenate([parts[0], person[0]], axis=-1).transpose(2, 0, 1)
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _input_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height of the input whose longer side has that many pixels."""
    scale = long_side / max(width, height)
    across, down = (max(1, round((side * scale - 1) / STRIDE)) * STRIDE + 1 for side in (width, height))
    return across, down


def _enlarged(planes: FloatArray, height: int, width: int) -> FloatArray:
    """Planes (C, h, w), whose outer cells' centres lie on the photo's rim, at the photo's size, linearly."""
    rows, columns = planes.shape[1:]
    to_cells = np.array([[(columns - 1) / (width - 1), 0, 0], [0, (rows - 1) / (height - 1), 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.stack(
        [
            cv2.warpAffine(np.ascontiguousarray(plane), to_cells, (width, height), flags=flags,
                           borderMode=cv2.BORDER_REPLICATE)
            for plane in planes
        ]
    )  # fmt: skip
