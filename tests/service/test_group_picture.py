"""The README's picture of a group is what the service answers today."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from docs.group_picture import PHOTO, PICTURE, draw, encode
from service.settings import DETECTORS, MODELS

MOST_DIFFERENCE = 2.0
"""Mean difference of levels, 0–255, that another processor's rounding may make. One person fewer makes 11."""


def read(file: bytes) -> npt.NDArray[np.int_]:
    picture = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return picture.astype(int)


@pytest.mark.skipif(
    not any((MODELS / f"{name}.onnx").is_file() for name in DETECTORS), reason="no detector comes with the service"
)
def test_the_picture_of_a_group_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPPNET_DETECTOR", raising=False)
    kept, made = read(PICTURE.read_bytes()), read(encode(draw(PHOTO.read_bytes())))
    assert made.shape == kept.shape
    assert np.abs(made - kept).mean() < MOST_DIFFERENCE, "run `python -m docs.group_picture`"
