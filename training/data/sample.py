"""Sample: one annotated photo, as every data set yields it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from training.data.complete_file import is_complete
from training.errors.input_error import InputError
from training.labels.lip import LIP

UInt8Array = npt.NDArray[np.uint8]

FloatArray = npt.NDArray[np.float32]

OCCLUDED = 0.0
"""Visibility of a joint that is marked but hidden; 1 is visible."""

ABSENT = -1.0
"""Visibility of a joint that is known not to be in the picture; its x and y are nan."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One annotated photo.

    ``image``: uint8 (H, W, 3), RGB, upright. ``labels``: uint8 (H, W), label ids, 255 = unknown.
    ``joints``: float32 (J, 3): x, y in pixels (the centre of the top-left pixel is 0, 0) and visibility
    (1 visible, 0 occluded); a row of nan is an unmarked joint. A joint that is known not to be in the picture is nan,
    nan, ``ABSENT``: augmentation, which knows what it cut off, makes such joints, and so do photos without people.
    """

    name: str
    image: UInt8Array
    labels: UInt8Array
    joints: FloatArray
    licence: str


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Name, licence and source of a data set."""

    name: str
    licence: str
    source: str


class BrokenSampleError(InputError):
    """A sample that cannot be used, with the reason."""


def read_image(path: Path) -> UInt8Array:
    """Read a photo as uint8 (H, W, 3) RGB, upright (EXIF applied). Raises BrokenSampleError."""
    image = decode(path, cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise BrokenSampleError(f"{path}: missing, or not an image that can be read")
    return np.asarray(image, dtype=np.uint8)


def decode(path: Path, flags: int) -> npt.NDArray[Any] | None:
    """What OpenCV decodes of a picture file; None for one that is missing or no picture.

    Raises BrokenSampleError for one that is cut off: OpenCV would fill the rest with grey.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if not is_complete(data):
        raise BrokenSampleError(f"{path}: cut off, the file ends before its picture does")
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None


def read_label_map(path: Path) -> UInt8Array:
    """A label map, uint8 (H, W), from a grey PNG or from one whose colour channels repeat each other.

    Raises BrokenSampleError for anything else: true colours would be a picture of labels, not labels.
    """
    labels = decode(path, cv2.IMREAD_UNCHANGED)
    if labels is None or labels.dtype != np.uint8:
        raise BrokenSampleError(f"{path}: missing, or not an 8-bit label map")
    if labels.ndim == 3:
        if (labels[:, :, :3] != labels[:, :, :1]).any():
            raise BrokenSampleError(f"{path}: in colour; a label map is grey")
        labels = labels[:, :, 0]
    return np.asarray(labels, np.uint8)


def absent_joints(count: int = len(LIP.joints)) -> FloatArray:
    """Joints of a sample that shows nobody: (count, 3), each ``ABSENT``."""
    joints = no_joints(count)
    joints[:, 2] = ABSENT
    return joints


def no_joints(count: int = len(LIP.joints)) -> FloatArray:
    """Joints of a sample without marked joints: (count, 3) of nan."""
    return np.full((count, 3), np.nan, np.float32)
