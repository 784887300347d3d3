"""The original's evaluation: its golden answers for three photos, and its averaging worked by hand."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from training.data.sample import read_image, read_label_map
from training.networks.stage import Stage
from training.protocols.jppnet import average_scores, first_peaks, merge_mirrored, predict


@pytest.mark.slow
@pytest.mark.parametrize("name", ["114317_456748", "313434_204398", "447689_524975"])
def test_equals_the_original(filled_network, jppnet_reference, name):
    folder = jppnet_reference / "protocol"
    prediction = predict(filled_network, read_image(folder / f"{name}.png"))
    assert (prediction.labels == read_label_map(folder / f"{name}_parsing.png")).mean() >= 0.999
    theirs = np.array(json.loads((folder / "pose.json").read_text())[name])
    near = np.abs(prediction.joints[:, :2] - theirs[:, :2]).max(1) <= 1
    assert near.sum() >= 15
    np.testing.assert_allclose(prediction.joints[near, 2], theirs[near, 2], rtol=1e-3)


class Recorder(nn.Module):
    """A network with constant answers that remembers what it was shown."""

    def __init__(self, answer):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))
        self.answer = answer
        self.seen = []

    def forward(self, images):
        self.seen.append(images)
        return self.answer(images)


def constant_stages(images):
    """Three stages whose label 1 scores 1, 2 and 6; the joints peak at cell (1, 0) of 2×2, last stage highest."""
    stages = []
    for score in (1.0, 2.0, 6.0):
        parsing = torch.zeros(len(images), 20, 2, 2)
        parsing[:, 1] = score
        pose = torch.zeros(len(images), 16, 2, 2)
        pose[:, :, 1, 0] = score
        stages.append(Stage(parsing, pose))
    return stages


def photo_tensor(height, width):
    return torch.arange(3.0 * height * width).view(3, height, width)


def test_the_photo_is_squashed_to_three_squares_and_shown_with_its_mirror_image():
    network = Recorder(constant_stages)
    average_scores(network, photo_tensor(6, 4))
    assert [tuple(seen.shape) for seen in network.seen] == [(2, 3, side, side) for side in (288, 384, 480)]
    for seen in network.seen:
        assert seen[0, :, 0, 0].tolist() == photo_tensor(6, 4)[:, 0, 0].tolist()
        assert seen[1, :, 0, 0].tolist() == photo_tensor(6, 4)[:, 0, -1].tolist()


def test_parsing_is_the_mean_of_all_stages_at_the_photos_size():
    parsing, _ = average_scores(Recorder(constant_stages), photo_tensor(6, 4))
    assert parsing.shape == (20, 6, 4)
    torch.testing.assert_close(parsing[1], torch.full((6, 4), 3.0))
    assert parsing[0].abs().max() == 0


def test_pose_is_the_last_stage_alone():
    _, pose = average_scores(Recorder(constant_stages), photo_tensor(6, 4))
    # Lower left quarter from the photo, lower right from its mirror image: each half of 6.
    torch.testing.assert_close(pose[0], torch.tensor([[0.0] * 4] * 3 + [[3.0] * 4] * 3))


def test_mirrored_maps_are_turned_back_and_paired_labels_swapped():
    maps = torch.zeros(2, 20, 1, 3)
    maps[0, 14, 0, 0] = 4.0  # left arm at the photo's left edge …
    maps[1, 15, 0, 2] = 4.0  # … is a right arm at the right edge of the mirror image
    maps[1, 5, 0, 0] = 2.0
    merged = merge_mirrored(maps, ((14, 15), (16, 17), (18, 19)))
    assert merged[14].tolist() == [[4.0, 0.0, 0.0]]
    assert merged[5].tolist() == [[0.0, 0.0, 1.0]]
    assert merged[15].abs().max() == 0


def test_the_peak_is_the_first_highest_pixel_row_by_row():
    heat_map = torch.tensor([[[0.0, 1.0, 5.0], [5.0, 5.0, 2.0]]])
    assert first_peaks(heat_map).tolist() == [[2.0, 0.0, 5.0]]


def test_prediction_has_the_photos_size_and_plain_types():
    prediction = predict(Recorder(constant_stages), np.zeros((5, 7, 3), np.uint8)[:, ::-1])
    assert prediction.labels.shape == (5, 7)
    assert prediction.labels.dtype == np.uint8
    assert (prediction.labels == 1).all()
    assert prediction.joints.shape == (16, 3)
    assert prediction.joints.dtype == np.float32
