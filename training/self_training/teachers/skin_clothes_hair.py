"""A small segmentation network (MIT) that tells skin, clothes and hair apart on photos of people.

It knows portraits and street photos, and marks things that are nobody's: it is to be trusted only where another
teacher sees a person.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.data.sample import FloatArray, UInt8Array
from training.self_training.teachers.session import open_teacher

SIDE: Final = 512
MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION: Final = np.array([0.229, 0.224, 0.225], np.float32)
"""Of ImageNet's RGB values in 0–1."""


@dataclass(frozen=True, slots=True)
class Materials:
    """Float32 planes (H, W) in 0–1."""

    skin: FloatArray
    clothes: FloatArray
    hair: FloatArray


class SkinClothesHair:
    """The network in its ONNX form: NCHW float32 RGB, 512×512, normalised by ImageNet's mean and deviation."""

    def __init__(self, path: Path) -> None:
        self._session = open_teacher(path)

    def __call__(self, image: UInt8Array) -> Materials:
        """The mean of what it says of a photo (H, W, 3), RGB, and of its mirror image, at the photo's size.

        The photo is padded to a square, not squeezed.
        """
        height, width = image.shape[:2]
        longest = max(height, width)
        below, right = longest - height, longest - width
        square = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
        small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if longest > SIDE else cv2.INTER_LINEAR)
        mean = (self._ask(np.asarray(small, np.uint8)) + self._ask(np.asarray(small[:, ::-1], np.uint8))[..., ::-1]) / 2
        planes = [cv2.resize(plane, (longest, longest))[:height, :width] for plane in mean]
        return Materials(*(np.asarray(plane, np.float32) for plane in planes))

    def _ask(self, image: UInt8Array) -> FloatArray:
        batch = ((image.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
        (answer,) = self._session.run(None, {self._session.get_inputs()[0].name: np.ascontiguousarray(batch)})
        return np.asarray(answer[0], np.float32)
