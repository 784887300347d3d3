"""How a photo is laid into the model's input, and how points come back. The model file's document is the norm."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from service.imaging.decode import Image

FitMode = Literal["letterbox", "squash"]


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a photo of ``photo_width``×``photo_height`` lies in an input of ``input_width``×``input_height``:
    resized to ``width``×``height`` with its top-left corner at ``left``, ``top``. All in pixels."""

    photo_width: int
    photo_height: int
    input_width: int
    input_height: int
    left: int
    top: int
    width: int
    height: int

    @property
    def scale_x(self) -> float:
        """Input pixels per photo pixel, across."""
        return self.width / self.photo_width

    @property
    def scale_y(self) -> float:
        """Input pixels per photo pixel, down."""
        return self.height / self.photo_height


def plan_fit(photo: tuple[int, int], model_input: tuple[int, int], mode: FitMode) -> Fit:
    """The fit of a photo (height, width) to a model input (height, width)."""
    (photo_height, photo_width), (input_height, input_width) = photo, model_input
    width, height = input_width, input_height
    if mode == "letterbox":
        scale = min(input_width / photo_width, input_height / photo_height)
        width, height = max(1, round(photo_width * scale)), max(1, round(photo_height * scale))
    left, top = (input_width - width) // 2, (input_height - height) // 2
    return Fit(photo_width, photo_height, input_width, input_height, left, top, width, height)


def fit_photo(photo: Image, fit: Fit, pad_color: tuple[int, int, int]) -> Image:
    """Lays a photo (height, width, 3) into the model's input (input_height, input_width, 3)."""
    shrinks = fit.width < fit.photo_width or fit.height < fit.photo_height
    resized = cv2.resize(photo, (fit.width, fit.height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    if (fit.width, fit.height) == (fit.input_width, fit.input_height):
        return np.asarray(resized, np.uint8)
    canvas = np.empty((fit.input_height, fit.input_width, 3), np.uint8)
    canvas[:] = pad_color
    canvas[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width] = resized
    return canvas


def to_photo(points: npt.NDArray[np.floating], fit: Fit) -> npt.NDArray[np.float64]:
    """Maps points (…, 2) as x, y from input pixels to photo pixels; pixel centres have whole coordinates."""
    scale = np.array([fit.scale_x, fit.scale_y])
    return np.asarray((points - (fit.left, fit.top) + 0.5) / scale - 0.5, np.float64)


def to_input(points: npt.NDArray[np.floating], fit: Fit) -> npt.NDArray[np.float64]:
    """Maps points (…, 2) as x, y from photo pixels to input pixels; the inverse of :func:`to_photo`."""
    scale = np.array([fit.scale_x, fit.scale_y])
    return np.asarray((points + 0.5) * scale - 0.5 + (fit.left, fit.top), np.float64)
