"""JPPNet as a network: the original's heads from the original's values, and what its interface promises."""

import numpy as np
import pytest
import torch

from training.networks.jppnet.network import DilatedClassifier, JPPNet
from training.networks.jppnet.resnet import Bottleneck, FrozenBatchNorm2d
from training.networks.same_padding import SameConv2d, SameMaxPool2d, same_pads


@pytest.fixture(scope="module")
def golden(jppnet_reference):
    return np.load(jppnet_reference / "stage_heads.npz")


@pytest.fixture(scope="module")
def stages(filled_network, golden):
    with torch.inference_mode():
        return filled_network.stages(torch.from_numpy(golden["x"]).permute(0, 3, 1, 2))


@pytest.mark.parametrize("stage", [1, 2, 3])
@pytest.mark.parametrize("task", ["parsing", "pose"])
def test_each_head_equals_the_original(stages, golden, task, stage):
    ours = getattr(stages[stage - 1], task).permute(0, 2, 3, 1).numpy()
    theirs = golden[f"{task}{stage}"]
    assert ours.shape == theirs.shape
    assert np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) <= 1e-4


def test_takes_rgb_and_normalises_for_itself(meta_network, monkeypatch):
    monkeypatch.setattr(meta_network, "stages", lambda x: x)
    red, green, blue = 10.0, 20.0, 30.0
    normalised = meta_network(torch.tensor([red, green, blue]).view(1, 3, 1, 1)).flatten()
    torch.testing.assert_close(
        normalised, torch.tensor([blue - 104.00698793, green - 116.66876762, red - 122.67891434])
    )


@pytest.mark.parametrize(("size", "cells"), [((64, 48), (8, 6)), ((57, 50), (8, 7)), ((9, 8), (2, 1))])
def test_answers_at_stride_8_rounded_up(meta_network, size, cells):
    stages = meta_network(torch.empty(1, 3, *size, device="meta"))
    assert [stage.parsing.shape for stage in stages] == [(1, 20, *cells)] * 3
    assert [stage.pose.shape for stage in stages] == [(1, 16, *cells)] * 3


def test_one_block_class_makes_the_whole_resnet(meta_network):
    assert sum(isinstance(module, Bottleneck) for module in meta_network.modules()) == 33


def test_the_classifier_looks_6_12_18_and_24_cells_far():
    classifier = DilatedClassifier(1, 1)
    for convolution in classifier:
        torch.nn.init.ones_(convolution.weight)
    impulse = torch.zeros(1, 1, 49, 49)
    impulse[0, 0, 24, 24] = 1.0
    reached = classifier(impulse)[0, 0, 24]
    assert reached.nonzero().flatten().tolist() == [0, 6, 12, 18, 24, 30, 36, 42, 48]
    assert reached[24] == 4


def test_label_and_joint_counts_are_free():
    with torch.device("meta"):
        stage = JPPNet(7, 5)(torch.empty(1, 3, 16, 16))[-1]
    assert stage.parsing.shape[1] == 7
    assert stage.pose.shape[1] == 5


def test_batch_norm_uses_stored_statistics_even_in_training():
    norm = FrozenBatchNorm2d(1).train()
    norm.running_mean.fill_(3.0)
    norm.running_var.fill_(4.0 - FrozenBatchNorm2d.EPSILON)
    assert norm(torch.tensor([[[[7.0, 3.0]]]])).flatten().tolist() == [2.0, 0.0]
    assert norm.running_mean.item() == 3.0
    assert norm.weight.requires_grad


def test_an_untrained_block_passes_its_input_on():
    features = torch.rand(1, 64, 3, 3)
    assert torch.equal(Bottleneck(64, 16, stride=1, dilation=1)(features), features)


# TensorFlow's SAME: ceil(size / stride) outputs, the odd padding pixel after the image.
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"), [(4, 3, 2, (0, 1)), (5, 3, 2, (1, 1)), (8, 7, 2, (2, 3)), (4, 1, 2, (0, 0))]
)
def test_same_padding(size, kernel, stride, pads):
    assert same_pads(size, kernel, stride) == pads


def test_same_convolution_starts_at_the_first_pixel_of_an_even_image():
    conv = SameConv2d(1, 1, 3, stride=2)
    conv.weight.data = torch.arange(1.0, 10.0).view(1, 1, 3, 3)
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 0, 0] = 1.0
    assert conv(image).flatten().tolist() == [1.0, 0.0, 0.0, 0.0]


def test_same_convolution_dilates():
    conv = SameConv2d(1, 1, 3, dilation=2)
    conv.weight.data = torch.arange(1.0, 10.0).view(1, 1, 3, 3)
    image = torch.zeros(1, 1, 3, 3)
    image[0, 0, 0, 0] = 1.0
    assert conv(image)[0, 0].tolist() == [[5.0, 0.0, 4.0], [0.0, 0.0, 0.0], [2.0, 0.0, 1.0]]


def test_padding_never_wins_the_maximum():
    image = -torch.arange(1.0, 17.0).view(1, 1, 4, 4)
    assert SameMaxPool2d(3, 2)(image).flatten().tolist() == [-1.0, -3.0, -9.0, -11.0]
