"""Edges of a coverage move to those of the photo, and nothing else does."""

import numpy as np
import numpy.typing as npt
import pytest

from service.imaging.guided_filter import SMALLEST_CELL, follow_edges

Plane = npt.NDArray[np.uint8]


def scene(cell: int, shift: float) -> tuple[Plane, Plane, Plane]:
    """A bright disc, its true coverage, and a coverage from cells of that size that lies ``shift`` cells beside it."""
    y, x = np.mgrid[:240, :320].astype(float)
    truth = np.hypot(x - 160, y - 120) < 70
    photo = np.where(truth[..., None], (220, 200, 180), (30, 60, 90)).astype(np.uint8)
    distance = 70 - np.hypot(x - 160 - shift * cell, y - 120)
    return photo, truth.astype(np.uint8) * 255, np.clip(127.5 + 127.5 * distance / cell, 0, 255).astype(np.uint8)


def iou(found: Plane, truth: Plane) -> float:
    ours, theirs = found >= 128, truth >= 128
    return float((ours & theirs).sum() / (ours | theirs).sum())


@pytest.mark.parametrize("cell", [2, 4, 8, 16])
def test_a_border_a_cell_beside_the_edge_moves_to_it(cell: int) -> None:
    photo, truth, coverage = scene(cell, 0.8)
    before, after = iou(coverage, truth), iou(follow_edges(coverage, photo, cell), truth)
    assert 1 - after < 0.35 * (1 - before)


def test_what_is_far_from_a_border_stays() -> None:
    photo, _, coverage = scene(8, 0.5)
    photo = photo + np.random.default_rng(0).integers(0, 30, photo.shape, np.uint8)
    found = follow_edges(coverage, photo, 8)
    y, x = np.mgrid[:240, :320]
    away = np.abs(np.hypot(x - 164, y - 120) - 70) > 3 * 8
    assert np.abs(found.astype(int) - coverage)[away].max() <= 1


@pytest.mark.parametrize("value", [0, 255])
def test_an_even_coverage_stays(value: int) -> None:
    even = np.full((90, 120), value, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    assert np.abs(follow_edges(even, noise, 5.0).astype(int) - value).max() <= 1


def test_without_an_edge_in_the_photo_a_border_stays_where_it_was() -> None:
    _, _, coverage = scene(8, 0)
    plain = np.full((240, 320, 3), 128, np.uint8)
    assert iou(follow_edges(coverage, plain, 8), coverage) > 0.98


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (1, 1), (1, 300), (300, 1), (2, 3)])
def test_any_size(size: tuple[int, int]) -> None:
    photo = np.zeros((*size, 3), np.uint8)
    assert follow_edges(np.zeros(size, np.uint8), photo, 40.0).shape == size


def test_cells_smaller_than_edges_are_left_alone() -> None:
    photo, _, coverage = scene(4, 1)
    assert follow_edges(coverage, photo, SMALLEST_CELL - 0.1) is coverage


def test_strips_of_a_large_photo_join() -> None:
    """Rows are worked on in strips; a border across them shows no step."""
    x = np.mgrid[:900, :1200][1].astype(float)
    photo = np.where((x > 600)[..., None], (200,) * 3, (40,) * 3).astype(np.uint8)
    coverage = np.clip(127.5 + (x - 610) * 8, 0, 255).astype(np.uint8)
    found = follow_edges(coverage, photo, 16.0)
    assert (found == found[:1]).all()
