import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.data.heat_maps import heat_maps
from training.data.sample import no_joints
from training.evaluation.pose_decoding import decode


@given(st.floats(12, 180), st.floats(12, 244), st.floats(0.3, 1.0))
def test_a_gaussian_decodes_to_its_centre(x, y, height):
    joints = no_joints()
    joints[0] = (x, y, 1)
    maps, _ = heat_maps(joints, 256, 192, stride=4, sigma=2.0)
    found = decode(torch.from_numpy(maps[None] * np.float32(height)), stride=4, origin=1.5)[0, 0]
    assert found[:2].tolist() == pytest.approx((x, y), abs=0.15)
    assert found[2].item() == pytest.approx(height, abs=0.1)


def test_a_peak_at_the_border_stays_inside():
    maps = torch.zeros(1, 1, 8, 6)
    maps[0, 0, 0, 0] = 1
    x, y, _ = decode(maps, stride=4, origin=1.5)[0, 0].tolist()
    assert -0.5 <= x <= 4
    assert -0.5 <= y <= 4


def test_an_empty_map_scores_nothing():
    assert decode(torch.zeros(1, 1, 8, 6), stride=4, origin=1.5)[0, 0, 2].item() == 0
    assert decode(torch.full((1, 1, 8, 6), -3.0), stride=4, origin=1.5)[0, 0, 2].item() == 0
