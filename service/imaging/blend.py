"""The photo with its parts coloured, or with nothing but its parts."""

from collections.abc import Sequence

import cv2
import numpy as np

from service.imaging.decode import Image
from service.imaging.png import Color


def overlay(photo: Image, ids: Image, palette: Sequence[Color], wanted: Image, opacity: float) -> Image:
    """The photo (height, width, 3), its labels' colours laid over it where ``wanted`` (height, width) is not 0.

    An opacity of 0 leaves the photo as it is, 1 hides it.
    """
    tinted = cv2.addWeighted(photo, 1 - opacity, np.asarray(palette, np.uint8)[ids], opacity, 0)
    return np.asarray(cv2.copyTo(tinted, wanted, photo.copy()), np.uint8)


def cutout(picture: Image, coverage: Image) -> Image:
    """The picture (height, width, 3 or 4), RGB or RGBA, as opaque as ``coverage`` (height, width), 0–255, says, and
    never more opaque than it was: red, green, blue and alpha (height, width, 4), all 0 where alpha is."""
    if picture.shape[2] == 4:
        alpha = np.asarray(cv2.multiply(coverage, picture[..., 3], scale=1 / 255), np.uint8)
    else:
        alpha = coverage
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8)
    shown = np.asarray(cv2.copyTo(picture, alpha, np.zeros_like(picture)), np.uint8)
    shown[..., 3] = alpha
    return shown


def soft_edges(wanted: Image, coverage: Image) -> Image:
    """The coverage (height, width), 0–255, made to agree with a binary mask of that size: 128 or more where the mask
    is 255, 127 or less where it is 0. Changes ``coverage``."""
    inverse = cv2.bitwise_not(coverage)
    inside = cv2.max(coverage, inverse)
    cv2.min(coverage, inverse, coverage)
    return np.asarray(cv2.copyTo(inside, wanted, coverage), np.uint8)
