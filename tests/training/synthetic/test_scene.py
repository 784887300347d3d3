"""Visibility, boxes and backgrounds, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.synthetic import photo_effects
from training.synthetic.camera import Camera
from training.synthetic.renderer import RenderOutput
from training.synthetic.scene import box_of, is_visible
from training.synthetic.surroundings import cover_crop, free_strip


def picture(people, distance):
    people = np.array(people, np.uint8)
    distance = np.array(distance, np.float32)
    blank = np.zeros((*people.shape, 3), np.float32)
    return RenderOutput(blank, np.zeros_like(people), people, distance, np.ones(people.shape, np.float32))


class TestSeen:
    def test_a_joint_just_beneath_the_own_skin_is_visible(self):
        assert is_visible(picture(np.ones((9, 9)), np.full((9, 9), 2.0)), 4, 4, nearest=1.95)

    def test_behind_the_own_trunk_it_is_not(self):
        assert not is_visible(picture(np.ones((9, 9)), np.full((9, 9), 1.5)), 4, 4, nearest=1.95)

    def test_behind_somebody_else_it_is_not(self):
        assert not is_visible(picture(np.full((9, 9), 2), np.full((9, 9), 2.0)), 4, 4, nearest=1.95)

    def test_behind_a_box_it_is_not(self):
        assert not is_visible(picture(np.zeros((9, 9)), np.full((9, 9), 1.0)), 4, 4, nearest=1.95)

    def test_a_pixel_beside_the_outline_counts(self):
        people = np.zeros((9, 9))
        people[:, 5:] = 1
        assert is_visible(picture(people, np.full((9, 9), 2.0)), 4, 4, nearest=1.95)


def test_a_box_ends_after_the_last_pixel():
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3:7] = True
    assert box_of(mask) == (3, 2, 7, 4)
    assert box_of(np.zeros((6, 8), bool)) is None


def test_a_free_strip_leaves_out_the_person():
    photo = np.zeros((100, 300, 3), np.uint8)
    photo[:, 200:] = 255
    taken = np.zeros((100, 300), bool)
    taken[:, 60:180] = True
    strip = free_strip(photo, taken, np.random.default_rng(0))
    assert strip.shape == (100, 108, 3)
    assert (strip[:, 20:] == 255).all()
    taken[:, 30:280] = True
    assert free_strip(photo, taken, np.random.default_rng(0)) is None


@given(st.integers(48, 400), st.integers(48, 400), st.integers(64, 512), st.integers(64, 512), st.integers(0, 99))
def test_any_strip_covers_any_picture(rows, columns, height, width, seed):
    strip = np.zeros((rows, columns, 3), np.uint8)
    assert cover_crop(strip, height, width, np.random.default_rng(seed)).shape == (height, width, 3)


class TestAmbientOcclusion:
    camera = Camera(64, 64, np.array([0.0, 0, 3]), np.zeros(3), 0.0, 2.0)

    def shade(self, distance):
        return photo_effects.ambient_occlusion(picture(np.zeros((64, 64)), distance), self.camera)

    def test_a_wall_is_open(self):
        assert self.shade(np.full((64, 64), 3.0)) == pytest.approx(1)

    def test_beside_a_near_step_the_wall_is_darker(self):
        distance = np.full((64, 64), 3.0)
        distance[:, :32] = 2.85
        shade = self.shade(distance)
        assert shade[32, 34] < 0.9
        assert shade[32, 60] == pytest.approx(1)

    def test_far_behind_something_it_is_not(self):
        distance = np.full((64, 64), 9.0)
        distance[:, :32] = 2.0
        assert self.shade(distance)[32, 34] == pytest.approx(1)
