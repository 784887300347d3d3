"""LabelMe's file of a photo: polygons to correct by hand (https://github.com/wkentaro/labelme).

Polygons have no holes, and LabelMe draws one over the other in their order. So what a polygon encloses comes after it,
background as well: drawn in their order, polygons that were not simplified give the mask again, pixel by pixel.
"""

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from service.cli.formats.parsed_photo import BACKGROUND, ParsedPhoto

VERSION: Final = "5.8.1"
"""Of the LabelMe whose files these are like."""
TOLERANCE: Final = 0.75
"""Pixels that a polygon may be off its outline; fewer corners are easier to move."""
MIN_PIXELS: Final = 9
"""Pixels of a piece; smaller ones are left to what is around them."""

Points = npt.NDArray[np.int32]


class Polygon(NamedTuple):
    """A piece of a label: its outline (N, 2) as x, y of pixels, the person it belongs to, and the area it encloses."""

    label: str
    person: int | None
    points: Points
    area: int


def labelme_json(photo: ParsedPhoto, image_path: PurePath, tolerance: float = TOLERANCE) -> bytes:
    """The file of a photo whose path, seen from the file, is ``image_path``."""
    polygons = sorted(_polygons(photo, tolerance), key=lambda it: -it.area)
    document: dict[str, Any] = {
        "version": VERSION,
        "flags": {},
        "shapes": [_shape(polygon) for polygon in polygons],
        "imagePath": image_path.as_posix(),
        "imageData": None,
        "imageHeight": photo.height,
        "imageWidth": photo.width,
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode(errors="surrogateescape")


def _shape(polygon: Polygon) -> dict[str, Any]:
    return {
        "label": polygon.label,
        "points": polygon.points.astype(float).tolist(),
        "group_id": polygon.person,
        "description": "",
        "shape_type": "polygon",
        "flags": {},
        "mask": None,
    }


def _polygons(photo: ParsedPhoto, tolerance: float) -> Iterator[Polygon]:
    for part in photo.parts():
        for piece, _ in _pieces(part.pixels):
            yield _polygon(part.label, part.person, piece, tolerance)
    for piece, touches in _pieces(photo.labels == BACKGROUND):
        if not touches:  # else nothing encloses it
            yield _polygon(photo.names[BACKGROUND], None, piece, tolerance)


class _Piece(NamedTuple):
    """A connected piece within its own box, with a margin of a pixel, and where that box is."""

    pixels: npt.NDArray[np.uint8]
    x: int
    y: int


def _pieces(pixels: npt.NDArray[np.bool_]) -> Iterator[tuple[_Piece, bool]]:
    """The pieces, and whether each touches the photo's edge. Corners alone do not connect: else pieces could cross."""
    height, width = pixels.shape
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(pixels.astype(np.uint8), connectivity=4)
    for number, (x, y, w, h, area) in enumerate(boxes.tolist()):
        if number and area >= MIN_PIXELS:
            piece = np.pad((numbers[y : y + h, x : x + w] == number).astype(np.uint8), 1)
            yield _Piece(piece, x - 1, y - 1), x == 0 or y == 0 or x + w == width or y + h == height


def _polygon(label: str, person: int | None, piece: _Piece, tolerance: float) -> Polygon:
    outlines, _ = cv2.findContours(piece.pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    (outline,) = outlines
    simple = np.asarray(cv2.approxPolyDP(outline, tolerance, True) if tolerance else outline, np.int32)
    points = simple if len(simple) > 2 else np.asarray(outline, np.int32)
    filled = cv2.fillPoly(np.zeros_like(piece.pixels), [points], 1)
    return Polygon(label, person, points.reshape(-1, 2) + np.array((piece.x, piece.y)), int(filled.sum()))
