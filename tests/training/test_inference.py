"""A network that knows the answer: what it says about the input must come back in the photo's own pixels."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.fit import PAD_COLOR, fit_photo
from training.data.heat_maps import heat_maps
from training.data.sample import no_joints
from training.evaluation.inference import predict
from training.labels.lip import JOINT_ID, LABEL_ID
from training.networks.network import Network
from training.networks.recipe import NetworkRecipe
from training.networks.stage import Stage

HEIGHT, WIDTH = 256, 192
RECIPE = NetworkRecipe(name="bright", height=HEIGHT, width=WIDTH)


class BrightIsFace(torch.nn.Module):
    """Says face where the input is white, hair where it is padding, and puts the head top where it is told."""

    stride, origin = 4, 1.5
    cells = Network.cells

    def __init__(self, head_top=(96.0, 128.0)):
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        joints = no_joints()
        joints[JOINT_ID["head-top"]] = (*head_top, 1)
        self.maps = torch.from_numpy(heat_maps(joints, HEIGHT, WIDTH, stride=4, sigma=2.0)[0])[None]

    def forward(self, images):
        cells = torch.nn.functional.avg_pool2d(images, 4)
        scores = torch.zeros(1, 20, *cells.shape[2:])
        padding = (cells - torch.tensor(PAD_COLOR)[None, :, None, None]).abs().sum(1) < 1
        scores[:, LABEL_ID["face"]] = (cells.mean(1) - 127.5) * ~padding
        scores[:, LABEL_ID["hair"]] = 100.0 * padding
        return [Stage(scores, self.maps)]


@settings(max_examples=25)
@given(st.integers(150, 900), st.integers(150, 900), st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_a_bright_quarter_is_found_where_it_is(height, width, u, v):
    photo = np.zeros((height, width, 3), np.uint8)
    edge_y, edge_x = round(v * height), round(u * width)
    photo[:edge_y, :edge_x] = 255
    labels = predict(BrightIsFace(), photo, RECIPE).labels
    assert labels.shape == (height, width)
    scale = min(HEIGHT / height, WIDTH / width)
    cell = int(4 / scale) + 1
    assert (labels[cell:-cell, cell:-cell] != LABEL_ID["hair"]).all()  # the padding is not of the photo
    found = labels == LABEL_ID["face"]
    assert abs(found[: edge_y // 2].any(0).sum() - edge_x) <= 4 / scale + 1
    assert abs(found[:, : edge_x // 2].any(1).sum() - edge_y) <= 4 / scale + 1


@settings(max_examples=25)
@given(st.integers(50, 900), st.integers(50, 900))
def test_a_joint_is_in_photo_pixels(height, width):
    photo = np.zeros((height, width, 3), np.uint8)
    fit = fit_photo(photo, HEIGHT, WIDTH, "letterbox")[1]
    joint = predict(BrightIsFace((100.0, 90.0)), photo, RECIPE).joints[JOINT_ID["head-top"]]
    expected = fit.to_photo(np.array([100.0, 90.0], np.float32))
    np.testing.assert_allclose(joint[:2], expected, atol=0.2 / min(fit.scale))
