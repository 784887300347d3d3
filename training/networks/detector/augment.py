"""Augmentation for the person detector: photos placed at random in a canvas, alone or four together."""

from collections.abc import Callable

import cv2
import numpy as np

from training.augmentation.color import degrade, jitter_color, low_light
from training.data.fit import PAD_COLOR
from training.data.openimages_boxes import BoxedPhoto
from training.data.sample import FloatArray
from training.networks.detector.recipe import DetectorAugmentationRecipe

LEAST_VISIBLE = 0.3
"""Share of a person's box within the canvas from which on the person is learnt; below, the rest is doubtful."""

LEAST_SIDE = 7.0
"""Pixels; a person whose box is narrower is doubtful."""

LEAST_AREA = 0.015
"""Of the picture; a smaller person is doubtful. Boxes drawn by hand leave out most of those, and a detector that is
taught the others sees people in every crowd and clutter: F1 fell from 0.67 to 0.62 where they were learnt."""


def random_picture(
    draw: Callable[[], BoxedPhoto],
    height: int,
    width: int,
    mosaic: float,
    recipe: DetectorAugmentationRecipe,
    rng: np.random.Generator,
) -> BoxedPhoto:
    """A training picture of ``height`` × ``width``: one photo, or with probability ``mosaic`` four."""
    if rng.random() < mosaic:
        picture = _mosaic(draw, height, width, recipe, rng)
    else:
        picture = place(draw(), height, width, recipe, rng)
    picture = _without_small(picture)
    image = picture.image
    if recipe.color:
        image = jitter_color(image, recipe.color, rng)
    if rng.random() < recipe.low_light:
        image = low_light(image, rng)
    return picture._replace(image=degrade(image, recipe.degrade, rng))


def _without_small(picture: BoxedPhoto) -> BoxedPhoto:
    """People who are small in the picture become doubtful."""
    areas = np.prod(picture.boxes[:, 2:] - picture.boxes[:, :2], 1)
    large = areas >= LEAST_AREA * picture.image.shape[0] * picture.image.shape[1]
    doubtful = np.concatenate([picture.doubtful, picture.boxes[~large]])
    return BoxedPhoto(picture.image, picture.boxes[large], doubtful)


def place(
    photo: BoxedPhoto, height: int, width: int, recipe: DetectorAugmentationRecipe, rng: np.random.Generator
) -> BoxedPhoto:
    """A photo in a canvas, with random size, aspect, place and side; boxes are clipped to the canvas."""
    photo_height, photo_width = photo.image.shape[:2]
    squeezed = rng.random() < recipe.squeeze
    stretch = photo_height / photo_width if squeezed else float(np.exp(rng.normal(0, recipe.stretch)))
    scale = (height * width / (photo_height * photo_width * stretch)) ** 0.5  # as many pixels as the canvas
    scale *= float(np.exp(rng.uniform(*np.log(recipe.scale))))
    size = (max(8, round(photo_width * stretch * scale)), max(8, round(photo_height * scale)))
    shrinks = size[0] < photo_width
    image = np.asarray(cv2.resize(photo.image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
    scale_x, scale_y = size[0] / photo_width, size[1] / photo_height
    factors: FloatArray = np.array([scale_x, scale_y, scale_x, scale_y], np.float32)
    boxes: FloatArray = photo.boxes * factors
    doubtful: FloatArray = photo.doubtful * factors
    if rng.random() < recipe.mirror:
        image = image[:, ::-1]
        boxes, doubtful = _mirrored(boxes, size[0]), _mirrored(doubtful, size[0])
    left, top = (_random_start(length, room, rng) for length, room in zip(size, (width, height), strict=True))
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = PAD_COLOR
    into = np.s_[max(top, 0) : max(min(top + size[1], height), 0), max(left, 0) : max(min(left + size[0], width), 0)]
    rows, columns = into
    canvas[into] = image[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    shift = np.array([left, top, left, top], np.float32)
    kept, lost = clip_people(boxes + shift, height, width)
    return BoxedPhoto(canvas, kept, np.concatenate([lost, _clipped(doubtful + shift, height, width)]))


def clip_people(boxes: FloatArray, height: int, width: int) -> tuple[FloatArray, FloatArray]:
    """People's boxes (N, 4) clipped to a canvas: those to learn, and what is left of those that are hardly there."""
    clipped = _clipped(boxes, height, width)
    sides = clipped[:, 2:] - clipped[:, :2]
    visible = np.prod(sides, 1) / np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], 1), 1e-6)
    areas = np.prod(sides, 1)
    learnt = (visible >= LEAST_VISIBLE) & (sides.min(1, initial=np.inf) >= LEAST_SIDE)
    there = areas > 0
    return clipped[learnt], clipped[there & ~learnt]


def _mosaic(
    draw: Callable[[], BoxedPhoto],
    height: int,
    width: int,
    recipe: DetectorAugmentationRecipe,
    rng: np.random.Generator,
) -> BoxedPhoto:
    row, column = (round(length * rng.uniform(0.35, 0.65)) for length in (height, width))
    image = np.empty((height, width, 3), np.uint8)
    people, doubtful = [], []
    for top, bottom in ((0, row), (row, height)):
        for left, right in ((0, column), (column, width)):
            part = place(draw(), bottom - top, right - left, recipe, rng)
            image[top:bottom, left:right] = part.image
            shift = np.array([left, top, left, top], np.float32)
            people.append(part.boxes + shift)
            doubtful.append(part.doubtful + shift)
    return BoxedPhoto(image, np.concatenate(people), np.concatenate(doubtful))


def _random_start(length: int, room: int, rng: np.random.Generator) -> int:
    spare = room - length
    return int(rng.integers(min(spare, 0), max(spare, 0) + 1))


def _mirrored(boxes: FloatArray, width: int) -> FloatArray:
    return np.asarray(np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1), np.float32)


def _clipped(boxes: FloatArray, height: int, width: int) -> FloatArray:
    return np.asarray(boxes.clip(0, np.array([width, height, width, height])), np.float32)
