"""TensorFlow 1's resizing, worked by hand: cell i reads position i · in / out; past the last cell it repeats."""

import numpy as np
import pytest
import torch

from training.networks.jppnet.tf1_resize import resize_bilinear, resize_nearest


def row(*values):
    return torch.tensor(values).view(1, 1, 1, -1)


@pytest.mark.parametrize(
    ("values", "size", "expected"),
    [
        ((0.0, 10.0), 4, [0, 5, 10, 10]),
        ((0.0, 1.0, 2.0, 3.0), 2, [0, 2]),
        ((0.0, 10.0, 40.0), 2, [0, 25]),
        ((1.0, 2.0, 3.0), 3, [1, 2, 3]),
        ((7.0,), 3, [7, 7, 7]),
    ],
)
def test_bilinear_along_a_row(values, size, expected):
    assert resize_bilinear(row(*values), (1, size)).flatten().tolist() == expected
    assert resize_bilinear(row(*values).mT, (size, 1)).flatten().tolist() == expected


def test_bilinear_blends_both_axes():
    image = torch.tensor([[0.0, 8.0], [16.0, 40.0]])
    assert resize_bilinear(image, (4, 4)).tolist() == [
        [0, 4, 8, 8],
        [8, 16, 24, 24],
        [16, 28, 40, 40],
        [16, 28, 40, 40],
    ]


@pytest.mark.parametrize(
    ("values", "size", "expected"),
    [
        ((1.0, 2.0), 3, [1, 1, 2]),
        ((1.0, 2.0, 3.0), 5, [1, 1, 2, 2, 3]),
        ((1.0, 2.0, 3.0, 4.0, 5.0), 2, [1, 3]),
    ],
)
def test_nearest_takes_the_cell_below(values, size, expected):
    assert resize_nearest(row(*values), (1, size)).flatten().tolist() == expected
    assert resize_nearest(row(*values).mT, (size, 1)).flatten().tolist() == expected


def test_positions_are_rounded_to_float32_as_in_tensorflow():
    # 41 · 2 / 82 is 1, but 2 / 82 in float32, times 41, is just below 1.
    assert resize_nearest(row(5.0, 6.0), (1, 82))[..., 41].item() == 5.0


@pytest.mark.parametrize(("size", "target"), [((48, 48), (210, 124)), ((2, 60), (82, 94)), ((314, 253), (288, 480))])
def test_equals_tensorflow(size, target):
    tf = pytest.importorskip("tensorflow")
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)) * 255
    channels_last = image.permute(0, 2, 3, 1).numpy()
    bilinear = tf.compat.v1.image.resize_bilinear(channels_last, target).numpy().transpose(0, 3, 1, 2)
    nearest = tf.compat.v1.image.resize_nearest_neighbor(channels_last, target).numpy().transpose(0, 3, 1, 2)
    np.testing.assert_allclose(resize_bilinear(image, target).numpy(), bilinear, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(resize_nearest(image, target).numpy(), nearest)
