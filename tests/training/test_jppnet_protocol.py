"""The original's evaluation: its golden answers for three photos, and its steps worked by hand."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from training.data.sample import read_image, read_label_map
from training.evaluation.jppnet_protocol import (
    first_peak,
    forward_scales,
    highest_plane,
    merged_planes,
    predict_multi_scale,
)
from training.labels.lip import LIP
from training.networks.jppnet.tf1_resize import resize_bilinear, resize_nearest
from training.networks.presets import load_recipe
from training.networks.stage import Stage

RECIPE = load_recipe("jppnet-s2").network


@pytest.mark.slow
@pytest.mark.parametrize("name", ["114317_456748", "313434_204398", "447689_524975"])
def test_equals_the_original(filled_network, protocol_photos, name):
    folder = protocol_photos
    prediction = predict_multi_scale(filled_network, read_image(folder / f"{name}.png"), RECIPE, LIP)
    assert (prediction.labels == read_label_map(folder / f"{name}_parsing.png")).mean() >= 0.999
    theirs = np.array(json.loads((folder / "pose.json").read_text())[name])
    near = np.abs(prediction.joints[:, :2] - theirs[:, :2]).max(1) <= 1
    assert near.sum() >= 15
    np.testing.assert_allclose(prediction.joints[near, 2], theirs[near, 2], rtol=1e-3)


class Recorder(nn.Module):
    """A network with constant answers that remembers what it was shown."""

    multiple = 1

    def __init__(self, answer):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))
        self.answer = answer
        self.seen = []

    def forward(self, images):
        self.seen.append(images)
        return self.answer(images)


def constant_stages(images):
    """Three stages whose label 1 scores 1, 2 and 6; the joints peak at row 1, column 0 of 2×2 cells."""
    stages = []
    for score in (1.0, 2.0, 6.0):
        parsing = torch.zeros(len(images), 20, 2, 2)
        parsing[:, 1] = score
        pose = torch.zeros(len(images), 16, 2, 2)
        pose[:, :, 1, 0] = score
        stages.append(Stage(parsing, pose))
    return stages


def photo_tensor(height, width):
    return torch.arange(3.0 * height * width).view(1, 3, height, width)


def test_the_photo_is_squashed_to_three_squares_and_shown_with_its_mirror_image():
    network = Recorder(constant_stages)
    forward_scales(network, photo_tensor(6, 4), 384, 384)
    assert [tuple(seen.shape) for seen in network.seen] == [(2, 3, side, side) for side in (288, 384, 480)]
    for seen in network.seen:
        assert seen[0, :, 0, 0].tolist() == photo_tensor(6, 4)[0, :, 0, 0].tolist()
        assert seen[1, :, 0, 0].tolist() == photo_tensor(6, 4)[0, :, 0, -1].tolist()


def test_parsing_is_the_mean_of_all_stages_and_pose_the_last_stage_alone():
    parsing, pose = forward_scales(Recorder(constant_stages), photo_tensor(6, 4), 384, 384)
    for scores, maps in zip(parsing, pose, strict=True):
        assert (scores[:, 1] == 3).all()
        assert (scores[:, 0] == 0).all()
        assert maps[0, 0].tolist() == [[0, 0], [6, 0]]


def test_planes_are_the_mean_over_scales_at_the_photos_size():
    small, large = torch.full((2, 20, 1, 1), 2.0), torch.full((2, 20, 2, 2), 4.0)
    planes = list(merged_planes([small, large], LIP.mirrored_labels, resize_bilinear, (5, 3)))
    assert len(planes) == 20
    assert (planes[7] == torch.full((5, 3), 3.0)).all()


def test_mirrored_planes_are_turned_back_and_paired_labels_swapped():
    maps = torch.zeros(2, 20, 1, 3)
    maps[0, 14, 0, 0] = 4.0  # left arm at the photo's left edge …
    maps[1, 15, 0, 2] = 4.0  # … is a right arm at the right edge of the mirror image
    maps[1, 5, 0, 0] = 2.0
    planes = list(merged_planes([maps], LIP.mirrored_labels, resize_bilinear, (1, 3)))
    assert planes[14].tolist() == [[4.0, 0.0, 0.0]]
    assert planes[5].tolist() == [[0.0, 0.0, 1.0]]
    assert planes[15].abs().max() == 0


def test_the_mirror_image_is_turned_back_only_at_the_photos_size():
    # TensorFlow's resizing favours the left, so turning back first would give 0 0 0 1 1 instead.
    maps = torch.zeros(2, 16, 1, 2)
    maps[1, 6, 0, 0] = 2.0
    planes = list(merged_planes([maps], LIP.mirrored_joints, resize_nearest, (1, 5)))
    assert planes[6].tolist() == [[0, 0, 1, 1, 1]]


def test_the_highest_plane_wins_and_the_first_of_equals():
    scores = torch.tensor([[1.0, 0.0, 5.0, 5.0], [1.0, 2.0, 1.0, 1.0], [0.0, 2.0, 9.0, 3.0]])
    assert highest_plane(iter(scores.unsqueeze(1))).tolist() == [[0, 1, 2, 0]]


def test_the_peak_is_the_first_highest_pixel_row_by_row():
    assert first_peak(torch.tensor([[0.0, 1.0, 5.0], [5.0, 5.0, 2.0]])).tolist() == [2.0, 0.0, 5.0]


def test_prediction_has_the_photos_size_and_plain_types():
    prediction = predict_multi_scale(Recorder(constant_stages), np.zeros((5, 7, 3), np.uint8)[:, ::-1], RECIPE, LIP)
    assert prediction.labels.shape == (5, 7)
    assert prediction.labels.dtype == np.uint8
    assert (prediction.labels == 1).all()
    # The hot cell covers rows 3–4 of 5 and columns 0–3 of 7; turned back from the mirror image, columns 3–6.
    assert prediction.joints.tolist() == [[3, 3, 6]] * 16
    assert prediction.joints.dtype == np.float32


def test_a_network_that_cannot_take_the_scaled_sizes_says_so():
    network = Recorder(constant_stages)
    network.multiple = 32
    small = RECIPE.model_copy(update={"height": 256, "width": 192})
    with pytest.raises(ValueError, match=r"144×192.*multiples of 32"):
        predict_multi_scale(network, np.zeros((5, 7, 3), np.uint8), small, LIP)
