"""Selections of labels: a label map with only these labels, or a binary mask of where they are."""

from collections.abc import Collection

import cv2
import numpy as np

from service.imaging.decode import Image


def keep_labels(ids: Image, labels: Collection[int]) -> Image:
    """The label map (height, width) in which every other label has become background (0)."""
    table = np.zeros(256, np.uint8)
    table[list(labels)] = list(labels)
    return np.asarray(cv2.LUT(ids, table), np.uint8)


def keep_where(ids: Image, plane: Image) -> Image:
    """The label map (height, width) that is background (0) where a plane of that size is 0."""
    return np.asarray(cv2.copyTo(ids, plane), np.uint8)


def binary_mask(ids: Image, labels: Collection[int]) -> Image:
    """A plane (height, width) that is 255 where the label map has one of the labels, and 0 elsewhere."""
    table = np.zeros(256, np.uint8)
    table[list(labels)] = 255
    return np.asarray(cv2.LUT(ids, table), np.uint8)
