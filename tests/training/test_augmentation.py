from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.people import no_other_sample
from training.augmentation.affine import random_affine, warp_image, warp_joints, warp_labels
from training.augmentation.augment import augment
from training.augmentation.color import low_light, motion_blur
from training.augmentation.occlusion import paste_occluder
from training.data.fit import PAD_COLOR, fit_photo
from training.data.heat_maps import heat_maps
from training.data.mirror import mirror
from training.data.sample import ABSENT, OCCLUDED, Sample, no_joints
from training.labels.lip import IGNORE, JOINT_ID, LABEL_ID, LIP
from training.networks.presets import load_recipe

SIZES = st.integers(1, 400)
MODES = st.sampled_from(["letterbox", "squash"])


def sample_with_dot(height=120, width=80, x=30, y=50):
    """A black photo with a white 9 × 9 square of right arm around its right wrist at (x, y)."""
    image = np.zeros((height, width, 3), np.uint8)
    labels = np.zeros((height, width), np.uint8)
    image[y - 4 : y + 5, x - 4 : x + 5] = 255
    labels[y - 4 : y + 5, x - 4 : x + 5] = LABEL_ID["right-arm"]
    joints = no_joints()
    joints[JOINT_ID["right-wrist"]] = (x, y, 1)
    return Sample("dot", image, labels, joints, "CC0")


def center_of(mask):
    return np.argwhere(mask).mean(0)[::-1]


class TestFit:
    def test_a_tall_photo_is_centred_and_padded(self):
        photo = np.full((200, 100, 3), 255, np.uint8)
        fitted, fit = fit_photo(photo, 100, 100, "letterbox")
        assert (fit.size, fit.offset) == ((50, 100), (25, 0))
        assert (fitted[:, 25:75] == 255).all()
        assert (fitted[:, :25] == PAD_COLOR).all()

    def test_a_squashed_photo_fills_the_input(self):
        photo = np.full((200, 100, 3), 255, np.uint8)
        fitted, fit = fit_photo(photo, 100, 100, "squash")
        assert (fit.size, fit.offset, fit.scale) == ((100, 100), (0, 0), (1.0, 0.5))
        assert (fitted == 255).all()

    @given(SIZES, SIZES, st.floats(0, 1), st.floats(0, 1), MODES)
    def test_a_point_comes_back_where_it_was(self, height, width, u, v, mode):
        _, fit = fit_photo(np.zeros((height, width, 3), np.uint8), 256, 192, mode)
        point = np.array([u * (width - 1), v * (height - 1)], np.float32)
        matrix = fit.matrix()
        there = matrix[:, :2] @ point + matrix[:, 2]
        assert (there >= -0.51).all()
        assert (there <= (191.51, 255.51)).all()
        assert fit.to_photo(there) == pytest.approx(point, abs=0.01 + 1e-4 * max(height, width))


class TestMirror:
    def test_sides_change_places(self):
        mirrored = mirror(sample_with_dot(width=80, x=30), LIP)
        assert set(np.unique(mirrored.labels)) == {0, LABEL_ID["left-arm"]}
        wrist = mirrored.joints[JOINT_ID["left-wrist"]]
        assert tuple(wrist) == (49, 50, 1)
        assert np.isnan(mirrored.joints[JOINT_ID["right-wrist"]]).all()
        assert tuple(center_of(mirrored.labels > 0)) == (49, 50)

    def test_unknown_stays_unknown(self):
        sample = sample_with_dot()
        sample.labels[:] = IGNORE
        assert (mirror(sample, LIP).labels == IGNORE).all()

    def test_twice_is_the_same(self):
        sample = sample_with_dot()
        again = mirror(mirror(sample, LIP), LIP)
        np.testing.assert_array_equal(again.image, sample.image)
        np.testing.assert_array_equal(again.labels, sample.labels)
        np.testing.assert_array_equal(again.joints, sample.joints)


class TestWarp:
    @given(st.floats(-180, 180), st.floats(0.3, 2.0))
    def test_image_labels_and_joints_move_together(self, angle, scale):
        sample = sample_with_dot(height=240, width=200, x=100, y=120)
        matrix = np.asarray(cv2.getRotationMatrix2D((100, 120), angle, scale))
        matrix[:, 2] += (96 - 100, 128 - 120)
        image = warp_image(sample.image, matrix, 256, 192)
        labels = warp_labels(sample.labels, matrix, 256, 192)
        joints = warp_joints(sample.joints, matrix, 256, 192)
        wrist = joints[JOINT_ID["right-wrist"], :2]
        assert wrist == pytest.approx((96, 128), abs=1e-3)
        assert labels[64, 48] == LABEL_ID["right-arm"]
        around = image[108:149, 76:117, 0].astype(float)  # the square and nothing but the black around it
        rows, columns = np.indices(around.shape)
        assert 76 + (around * columns).sum() / around.sum() == pytest.approx(96, abs=0.3)
        assert 108 + (around * rows).sum() / around.sum() == pytest.approx(128, abs=0.3)

    def test_outside_the_photo_labels_are_unknown_and_pixels_padding(self):
        sample, shifted = sample_with_dot(), np.array([[1.0, 0, 100], [0, 1, 100]])
        assert (warp_labels(sample.labels, shifted, 256, 192)[:49] == IGNORE).all()
        assert (warp_image(sample.image, shifted, 256, 192)[:99] == PAD_COLOR).all()

    def test_a_joint_moved_out_of_the_view_is_absent_and_an_unmarked_one_stays_unknown(self):
        moved = warp_joints(sample_with_dot().joints, np.array([[1.0, 0, 200], [0, 1, 0]]), 256, 192)
        assert np.isnan(moved[:, :2]).all()
        assert moved[JOINT_ID["right-wrist"], 2] == ABSENT
        assert np.isnan(moved[:, 2]).sum() == 15
        again = warp_joints(moved, np.array([[1.0, 0, -200], [0, 1, 0]]), 256, 192)
        np.testing.assert_array_equal(again, moved)


def test_an_occluder_turns_what_it_covers_into_background_and_hides_joints():
    rng = np.random.default_rng(0)
    image = np.zeros((100, 100, 3), np.uint8)
    labels = np.full((50, 50), LABEL_ID["coat"], np.uint8)
    joints = np.ones((16, 3), np.float32) * (50, 50, 1)
    for _ in range(100):
        paste_occluder(image, labels, joints, rng)
    assert set(np.unique(labels)) == {0, LABEL_ID["coat"]}
    assert (joints[:, 2] == OCCLUDED).all()
    assert (joints[:, :2] == 50).all()


class TestAugment:
    def test_the_same_seed_gives_the_same_view(self):
        how = load_recipe("lite").augmentation.model_copy(update={"copy_paste": 0.0})
        views = [
            augment(sample_with_dot(), how, 64, 64, LIP, np.random.default_rng(seed), no_other_sample)
            for seed in (5, 5, 6)
        ]
        for a, b in zip(views[0], views[1], strict=True):
            np.testing.assert_array_equal(a, b)
        assert not np.array_equal(views[0][0], views[2][0])

    def test_turned_views_are_upside_down_as_often_as_not(self):
        how = load_recipe("lite").augmentation.model_copy(update={"turn": 1.0})
        rng = np.random.default_rng(0)
        turned = [random_affine(sample_with_dot(), how, 64, 64, LIP, rng) for _ in range(200)]
        assert 70 < sum(matrix[0, 0] < 0 for matrix in turned) < 130

    @given(st.integers(0, 10_000))
    def test_a_joint_that_is_left_still_lies_on_its_part(self, seed):
        how = load_recipe("lite").augmentation.model_copy(update={"occluder": 0.0, "copy_paste": 0.0})
        _, labels, joints = augment(sample_with_dot(), how, 256, 192, LIP, np.random.default_rng(seed), no_other_sample)
        for name, arm in (("right-wrist", "right-arm"), ("left-wrist", "left-arm")):
            x, y, _ = joints[JOINT_ID[name]]
            if not np.isnan(x):
                cell = labels[min(int(y // 2), 127), min(int(x // 2), 95)]
                assert cell in (LABEL_ID[arm], IGNORE)

    @pytest.mark.parametrize(("key", "drawn"), [("copy_paste", 1), ("zoom_out", 1), ("background_crop", 0)])
    def test_other_samples_are_drawn_for_what_the_recipe_mixes_in(self, key, drawn):
        nothing = {"copy_paste": 0.0, "zoom_out": 0.0, "background_crop": 0.0}
        how = load_recipe("lite").augmentation.model_copy(update=nothing | {key: 1.0})
        draw_other = Mock(side_effect=sample_with_dot)
        augment(sample_with_dot(), how, 64, 64, LIP, np.random.default_rng(0), draw_other)
        assert draw_other.call_count == drawn


def test_little_light_makes_a_dark_photo_with_noise():
    dark = low_light(np.full((64, 64, 3), 200, np.uint8), np.random.default_rng(0))
    assert dark.mean() < 0.8 * 200
    assert dark.std() > 1


@given(st.integers(0, 10_000))
def test_motion_smears_a_point_along_a_line_and_keeps_its_light(seed):
    point = np.zeros((21, 21, 3), np.uint8)
    point[10, 10] = 255
    smeared = motion_blur(point, np.random.default_rng(seed))[..., 0]
    assert smeared.max() < 255
    assert int(smeared.sum()) == pytest.approx(255, abs=9)
    assert not smeared[:6].any()
    assert not smeared[15:].any()


class TestHeatMaps:
    def test_the_peak_is_one_at_the_joint(self):
        joints = no_joints()
        joints[0] = (4 * 7 + 1.5, 4 * 3 + 1.5, 1)  # the centre of the cell in row 3, column 7
        maps, weights = heat_maps(joints, 64, 48, stride=4, sigma=2.0)
        assert maps.shape == (16, 16, 12)
        assert np.unravel_index(maps[0].argmax(), maps[0].shape) == (3, 7)
        assert maps[0, 3, 7] == pytest.approx(1)
        assert maps[0, 3, 9] == pytest.approx(np.exp(-0.5))
        assert weights.tolist() == [1] + [0] * 15

    def test_an_occluded_joint_is_learnt_too(self):
        joints = no_joints()
        joints[3] = (10, 10, OCCLUDED)
        assert heat_maps(joints, 64, 48, 4, 2.0)[1][3] == 1

    def test_of_an_absent_joint_an_empty_map_is_learnt(self):
        joints = no_joints()
        joints[3, 2] = ABSENT
        maps, weights = heat_maps(joints, 64, 48, 4, 2.0)
        assert weights.tolist() == [0, 0, 0, 1] + [0] * 12
        assert not maps.any()
