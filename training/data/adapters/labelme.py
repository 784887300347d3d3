"""Adapter for photos whose masks were drawn or corrected in LabelMe (https://github.com/wkentaro/labelme)::

    DIR/NAME.json     beside or away from its photo, which ``imagePath`` names

``jppnet parse PHOTOS --format labelme`` writes such files. Polygons, rectangles, circles and masks are read; later
shapes lie over earlier ones, and what none covers is background.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import partial
from math import hypot
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.data.adapters.corrected_folder import CorrectedFolder, Correction, Fill, Shape, bitmap, box, polygon
from training.data.sample import BrokenSampleError


def labelme(root: Path) -> CorrectedFolder:
    """The photos of a folder and all below it. Raises FileNotFoundError where there are none."""
    files = [file for file in sorted(root.rglob("*.json")) if _is_labelme(file)]
    if not files:
        raise FileNotFoundError(f"{root} has no file of LabelMe: JSON with “shapes” and “imagePath”")
    places = {file.relative_to(root).with_suffix("").as_posix(): partial(_read, file) for file in files}
    return CorrectedFolder(root, "LabelMe", places)


def _is_labelme(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and {"shapes", "imagePath"} <= set(content)


def _read(file: Path) -> Correction:
    content = json.loads(file.read_bytes())
    try:
        photo = file.parent / content["imagePath"].replace("\\", "/")
        shapes = tuple(Shape(shape["label"], _fill(shape)) for shape in content["shapes"])
        size = (int(content["imageHeight"]), int(content["imageWidth"]))
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise BrokenSampleError(f"{file}: cannot be read: {error}") from None
    return Correction(photo, size, shapes)


def _fill(shape: Mapping[str, Any]) -> Fill:
    points = shape["points"]
    match shape.get("shape_type") or "polygon":
        case "polygon":
            return polygon(points)
        case "rectangle":
            (x, y), (right, bottom) = points
            return box(x, y, right, bottom)
        case "circle":
            (x, y), (edge_x, edge_y) = points
            radius = hypot(edge_x - x, edge_y - y)
            corners = np.linspace(0, 2 * np.pi, 64, endpoint=False)
            return polygon(np.column_stack((x + radius * np.cos(corners), y + radius * np.sin(corners))))
        case "mask":
            (x, y), _ = points
            data = np.frombuffer(base64.b64decode(shape["mask"]), np.uint8)
            pixels = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
            if pixels is None:
                raise ValueError("a mask is no picture")
            return bitmap(np.asarray(pixels) > 0, round(x), round(y))
        case kind:
            raise ValueError(f"a shape is a {kind}; polygon, rectangle, circle and mask can be read")
