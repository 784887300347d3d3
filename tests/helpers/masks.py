"""A photo of the toy model's people, and masks that it is answered with."""

import cv2
import numpy as np
import numpy.typing as npt

from tests.helpers.toy_model import COLORS, paint

Image = npt.NDArray[np.uint8]


BOXES = {1: (40, 80, 80, 80), 2: (64, 160, 40, 80), 3: (64, 16, 32, 40)}


PHOTO = paint(192, 256, BOXES)


def ids_of(data: bytes) -> Image:
    """The pixel values of a palette PNG of the toy's colours."""
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert shown is not None
    same = (shown[..., None, :] == np.array(COLORS)).all(-1)
    assert same.any(-1).all(), "a colour that no label has"
    return np.asarray(same.argmax(-1), np.uint8)


def assert_is_mask_of(ids: Image, photo: Image) -> None:
    """All but the very corners of the parts, which linear interpolation rounds."""
    truth = photo[..., 0] // 64
    assert ids.shape == truth.shape
    assert (ids != truth).mean() < 0.002
