"""The original's training views: where every pixel, label and heat map comes from."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.people import no_other_sample
from training.data.sample import Sample, no_joints
from training.labels.label_set import IGNORE
from training.labels.lip import JOINT_ID, LABEL_ID, LIP
from training.networks.jppnet.example import crop, heat_maps, jppnet_example, photo_pixels
from training.networks.presets import load_recipe

RECIPE = load_recipe("jppnet-s2")
WRIST = JOINT_ID["right-wrist"]


class TestHeatMaps:
    """On a photo of 80 × 100; every pixel of it is read."""

    ROWS, COLUMNS = np.arange(100, dtype=np.float32), np.arange(80, dtype=np.float32)

    def drawn(self, x, y):
        joints = no_joints()
        joints[WRIST] = (x, y, 1)
        return heat_maps(joints, self.ROWS, self.COLUMNS, (100, 80), sigma=8.0, window=25)

    def test_a_gaussian_of_peak_1_around_the_whole_pixel(self):
        maps = self.drawn(30.9, 40.9)
        assert maps[WRIST, 40, 30] == 1
        assert maps[WRIST, 48, 30] == pytest.approx(np.exp(-0.5))
        assert np.delete(maps, WRIST, 0).max() == 0

    def test_it_ends_25_pixels_before_and_24_behind_the_joint(self):
        rows = np.flatnonzero(self.drawn(40, 50)[WRIST, :, 40])
        assert (rows[0], rows[-1]) == (25, 74)

    def test_a_joint_outside_is_moved_in_but_the_last_row_and_column_stay_empty(self):
        maps = self.drawn(200, -5)
        assert np.unravel_index(maps[WRIST].argmax(), maps[WRIST].shape) == (0, 78)
        assert maps[WRIST, 0, 78] == pytest.approx(np.exp(-1 / 128))
        assert maps[WRIST, :, 79].max() == 0


def test_cells_read_every_eighth_pixel_of_the_view():
    # A photo of 100 rows, resized to 300, cropped from row 10 on: rows 10, 18, 26 … of 300 are rows 3, 6, 8 of 100.
    assert photo_pixels(100, 300, 10, 3).tolist() == [3, 6, 8]
    assert np.isnan(photo_pixels(100, 20, 0, 4)).tolist() == [False, False, False, True]


def test_a_crop_shows_padding_where_the_image_ends():
    image = torch.arange(6.0).view(1, 2, 3)
    assert crop(image, 0, 1, torch.full((1, 3, 3), -1.0)).tolist() == [[[1, 2, -1], [4, 5, -1], [-1, -1, -1]]]


def arm_photo():
    """A black photo with a white 9 × 9 square of right arm around its right wrist at (30, 50)."""
    image, labels = np.zeros((120, 80, 3), np.uint8), np.zeros((120, 80), np.uint8)
    image[46:55, 26:35], labels[46:55, 26:35] = 255, LABEL_ID["right-arm"]
    joints = no_joints()
    joints[WRIST] = (30, 50, 1)
    return Sample("arm", image, labels, joints, "CC0")


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_image_labels_and_maps_move_together_and_sides_change_with_the_mirror(seed):
    image, labels, maps, weights = jppnet_example(
        arm_photo(), RECIPE, LIP, np.random.default_rng(seed), no_other_sample
    )
    assert (image.shape, labels.shape, maps.shape) == ((3, 384, 384), (384, 384), (16, 48, 48))
    marked = int(weights.argmax())
    arm = {WRIST: "right-arm", JOINT_ID["left-wrist"]: "left-arm"}[marked]
    assert set(labels.unique().tolist()) <= {0, LABEL_ID[arm], IGNORE}
    if maps[marked].max() > 0.95:
        row, column = divmod(int(maps[marked].argmax()), 48)
        assert labels[8 * row, 8 * column] == LABEL_ID[arm]
        assert image[:, 8 * row, 8 * column].min() > 200


def test_a_small_view_is_padded_with_the_mean_and_unknown_labels():
    small = RECIPE.model_copy(update={"augmentation": RECIPE.augmentation.model_copy(update={"scale": (0.75, 0.75)})})
    image, labels, maps, _ = jppnet_example(arm_photo(), small, LIP, np.random.default_rng(0), no_other_sample)
    assert (labels[288:] == IGNORE).all()
    assert (labels[:288, :288] != IGNORE).all()
    assert image[:, 300, 300].tolist() == pytest.approx([122.67891434, 116.66876762, 104.00698793])
    assert maps[:, 36:].max() == 0
