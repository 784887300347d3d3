"""The photo with its parts coloured, or with nothing but its parts."""

from collections.abc import Sequence

import cv2
import numpy as np

from service.imaging.decode import Image
from service.imaging.png import Color


def overlay(photo: Image, ids: Image, palette: Sequence[Color], wanted: Image, opacity: float) -> Image:
    """The photo (height, width, 3), its labels' colours laid over it where ``shown`` (height, width) is not 0.

    An opacity of 0 leaves the photo as it is, 1 hides it.
    """
    tinted = cv2.addWeighted(photo, 1 - opacity, np.asarray(palette, np.uint8)[ids], opacity, 0)
    return np.asarray(cv2.copyTo(tinted, wanted, photo.copy()), np.uint8)


def cutout(photo: Image, wanted: Image) -> Image:
    """The photo where ``shown`` is 255, as red, green, blue and alpha (height, width, 4); elsewhere all are 0."""
    return np.dstack((cv2.copyTo(photo, wanted, np.zeros_like(photo)), wanted))
