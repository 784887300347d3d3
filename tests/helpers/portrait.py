"""A photo of a person, in any size."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

ASTRONAUT = Path(__file__).parents[2] / "export" / "astronaut.jpg"


def portrait(side: int) -> npt.NDArray[np.uint8]:
    """The astronaut, enlarged to a square of that side."""
    photo = cv2.imread(str(ASTRONAUT), cv2.IMREAD_COLOR_RGB)
    assert photo is not None
    return np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
