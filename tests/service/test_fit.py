"""A photo is fitted as the model file's document says, and points come back to where they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.imaging.fit import Fit, FitMode, fit_photo, plan_fit, to_input, to_photo

sides = st.integers(1, 5000)
modes = st.sampled_from(["letterbox", "squash"])


@given(sides, sides, st.integers(1, 600), st.integers(1, 600), modes)
def test_points_go_into_the_input_and_back(width: int, height: int, input_w: int, input_h: int, mode: FitMode) -> None:
    fit = plan_fit((height, width), (input_h, input_w), mode)
    points = np.array([[0, 0], [width - 1, height - 1], [-0.5, -0.5], [width / 3, height / 7]], float)
    np.testing.assert_allclose(to_photo(to_input(points, fit), fit), points, atol=1e-6)


@given(sides, sides, st.integers(1, 600), st.integers(1, 600), modes)
def test_the_photos_outer_edges_are_those_of_its_place(
    width: int, height: int, input_w: int, input_h: int, mode: FitMode
) -> None:
    fit = plan_fit((height, width), (input_h, input_w), mode)
    edges = to_input(np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]]), fit)
    expected = [[fit.left - 0.5, fit.top - 0.5], [fit.left + fit.width - 0.5, fit.top + fit.height - 0.5]]
    np.testing.assert_allclose(edges, expected, atol=1e-6)


@given(sides, sides, st.integers(1, 600), st.integers(1, 600))
def test_a_letterboxed_photo_lies_within_and_touches_two_sides(w: int, h: int, input_w: int, input_h: int) -> None:
    fit = plan_fit((h, w), (input_h, input_w), "letterbox")
    assert fit.left >= 0
    assert fit.top >= 0
    assert fit.left + fit.width <= input_w
    assert fit.top + fit.height <= input_h
    assert fit.width == input_w or fit.height == input_h


def test_a_worked_example() -> None:
    # scale = min(192 / 548, 256 / 830) = 0.30843…: 548 → 169.02 → 169, 830 → 256; (192 − 169) // 2 = 11
    fit = plan_fit((830, 548), (256, 192), "letterbox")
    assert fit == Fit(548, 830, 192, 256, left=11, top=0, width=169, height=256)
    # x: (96 − 11 + 0.5) / (169 / 548) − 0.5 = 276.743, y: (128 + 0.5) / (256 / 830) − 0.5 = 416.121
    np.testing.assert_allclose(to_photo(np.array([[96.0, 128.0]]), fit), [[276.7426, 416.1211]], atol=1e-3)


def test_squash_fills_the_input() -> None:
    assert plan_fit((830, 550), (256, 192), "squash") == Fit(550, 830, 192, 256, 0, 0, 192, 256)


def test_padding_has_the_cards_color_and_the_photo_its_own() -> None:
    photo = np.full((100, 50, 3), (10, 20, 30), np.uint8)
    fit = plan_fit((100, 50), (64, 48), "letterbox")
    fitted = fit_photo(photo, fit, (7, 8, 9))
    assert fitted.shape == (64, 48, 3)
    assert (fitted[:, :8] == (7, 8, 9)).all()
    assert (fitted[:, 8:40] == (10, 20, 30)).all()
    assert (fitted[:, 40:] == (7, 8, 9)).all()


def test_shrinking_averages_and_growing_interpolates() -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    shrunk = fit_photo(stripes, plan_fit((8, 8), (4, 4), "squash"), (0, 0, 0))
    assert (shrunk == 100).all()
    step = np.array([[[0] * 3, [100] * 3]], np.uint8)
    grown = fit_photo(step, plan_fit((1, 2), (1, 4), "squash"), (0, 0, 0))
    assert grown[0, :, 0].tolist() == [0, 25, 75, 100]


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_shapes_keep_at_least_a_pixel(size: tuple[int, int]) -> None:
    fit = plan_fit(size, (64, 48), "letterbox")
    assert fit_photo(np.zeros((*size, 3), np.uint8), fit, (0, 0, 0)).shape == (64, 48, 3)
