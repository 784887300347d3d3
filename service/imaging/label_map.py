"""The label of every photo pixel, from the model's coarse grid of labels, with smooth borders.

Label ids cannot be interpolated, but how much a place belongs to a label can: each label's membership is interpolated
linearly between the centres of the cells, and the strongest label wins. Between four cells of one label that is the
label itself, and most of a photo lies between such. So only where labels meet is anything computed, and there only for
the labels that meet: no other one can be the strongest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from service.imaging.decode import Image
from service.imaging.fit import Fit
from service.imaging.mask import Grid, left_open

STEPS: Final = np.float32(257)
"""Membership is compared in steps of 1/65,535 (of 255 × 257): enough for the finest difference to interpolate, and too
few for the errors of computing it to decide between labels that tie."""
PIXELS_AT_ONCE: Final = 1 << 16
"""Pixels that are computed at once: what that takes stays in the cache, and is little beside the label map."""

Indices = npt.NDArray[np.intp]
Strengths = npt.NDArray[np.float32]


def label_map(grid: Grid, fit: Fit) -> Image:
    """The label id of every photo pixel, (photo_height, photo_width). A cell without any confidence is background."""
    labels = grid.labels * (grid.confidence > 0)
    rows, columns = labels.shape
    down = _Axis.of(fit.photo_height, grid.step_y, grid.start_y, rows)
    across = _Axis.of(fit.photo_width, grid.step_x, grid.start_x, columns)
    cells = down.cells[:, None] * columns + across.cells
    corners = labels.ravel()[cells]
    ids: Image = corners[:-1, :-1].take(across.gaps, axis=1).take(down.gaps, axis=0)
    meeting = _meeting(corners) & down.is_seen[:, None] & across.is_seen
    quads = _Quads.between(cells, meeting, labels, grid.confidence)
    for some, candidates in quads.parts(PIXELS_AT_ONCE // (down.longest * across.longest)):
        y, down_shares = down.pixels(some.y)
        x, across_shares = across.pixels(some.x)
        ids[y[:, None], x] = _strongest(some, candidates, down_shares[:, None], across_shares)
    return ids


@dataclass(frozen=True, slots=True)
class _Axis:
    """How an axis of the photo runs through the gaps between the centres of neighbouring cells, counted from the first
    gap with a pixel in it; beyond the outermost centres a gap lies between a cell and itself."""

    cells: Indices
    """The cells before the gaps, and the one after the last."""
    gaps: Indices
    """The gap of each pixel."""
    shares: Strengths
    """How far each pixel lies in its gap, 0–1."""
    first: Indices
    """The first pixel of each gap, and the number of pixels."""

    @classmethod
    def of(cls, pixels: int, step: float, start: float, cells: int) -> Self:
        """The axis of so many pixels, ``step`` cells apart from ``start`` on."""
        places = start + step * np.arange(pixels)
        whole = np.floor(places)
        before = whole.astype(np.intp)
        gaps = before - before[0]
        numbers = np.arange(gaps[-1] + 2)
        return cls(
            cells=np.clip(before[0] + numbers, 0, cells - 1),
            gaps=gaps,
            shares=(places - whole).astype(np.float32),
            first=np.searchsorted(gaps, numbers),
        )

    @property
    def is_seen(self) -> npt.NDArray[np.bool_]:
        """Which gaps have a pixel in them: not all, in a photo smaller than the grid."""
        return self.first[1:] > self.first[:-1]

    @property
    def longest(self) -> int:
        """The pixels of the gap with most of them."""
        return int(np.diff(self.first).max())

    def pixels(self, gaps: Indices) -> tuple[Indices, Strengths]:
        """The pixels (longest, N) of each gap, the last one again where there are fewer, and how far each lies in."""
        numbers = np.arange(self.longest)[:, None]
        pixels = np.minimum(self.first[gaps] + numbers, self.first[gaps + 1] - 1)
        return pixels, self.shares[pixels]


@dataclass(frozen=True, slots=True)
class _Quads:
    """Places between four cells each: above left, above right, below left and below right."""

    y: Indices
    x: Indices
    """The gaps (N,) that they are in."""
    labels: Image
    """The cells' labels (4, N)."""
    own: Strengths
    """How much each cell belongs to its label (4, N), 0–65,535."""
    other: Strengths
    """How much each belongs to any other label that it meets."""

    @classmethod
    def between(cls, cells: Indices, meeting: npt.NDArray[np.bool_], labels: Image, confidence: Image) -> Self:
        """The places, of all that lie between ``cells``, where labels meet."""
        y, x = np.nonzero(meeting)
        around = np.stack((cells[y, x], cells[y, x + 1], cells[y + 1, x], cells[y + 1, x + 1]))
        sure = confidence.ravel()[around]
        return cls(y, x, labels.ravel()[around], STEPS * sure, STEPS * left_open(sure))

    def chosen(self, indices: Indices) -> "_Quads":
        """Those at these indices."""
        return _Quads(
            self.y[indices], self.x[indices], self.labels[:, indices], self.own[:, indices], self.other[:, indices]
        )

    def parts(self, size: int) -> Iterator[tuple["_Quads", Image]]:
        """All of them, ``size`` at a time but one at least, with the labels (2 or 4, N) that may win there, ascending:
        nearly everywhere but two labels meet."""
        ordered = np.sort(self.labels, axis=0)
        are_two = ((self.labels == ordered[0]) | (self.labels == ordered[3])).all(axis=0)
        for indices, candidates in ((np.flatnonzero(are_two), ordered[::3]), (np.flatnonzero(~are_two), ordered)):
            for start in range(0, len(indices), max(1, size)):
                part = indices[start : start + max(1, size)]
                yield self.chosen(part), candidates[:, part]


def _meeting(corners: Image) -> npt.NDArray[np.bool_]:
    """Where the labels of four neighbouring cells are not all the same."""
    first = corners[:-1, :-1]
    return np.asarray((first != corners[:-1, 1:]) | (first != corners[1:, :-1]) | (first != corners[1:, 1:]))


def _strongest(quads: _Quads, candidates: Image, down: Strengths, across: Strengths) -> Image:
    """The candidate (height, width, N) with the strongest membership; of equal ones the first."""
    winners: Image = candidates[0]
    strongest = _membership(quads, candidates[0], down, across)
    for label in candidates[1:]:
        membership = _membership(quads, label, down, across)
        winners = np.where(membership > strongest, label, winners)
        np.maximum(membership, strongest, out=strongest)
    return winners


def _membership(quads: _Quads, label: Image, down: Strengths, across: Strengths) -> Strengths:
    """How much each pixel (height, width, N) of the places belongs to a label (N,) of each of them."""
    above_left, above_right, below_left, below_right = np.where(quads.labels == label, quads.own, quads.other)
    above = above_left + across * (above_right - above_left)
    below = below_left + across * (below_right - below_left)
    membership: Strengths = down * (below - above)
    membership += above
    return np.rint(membership, out=membership)
