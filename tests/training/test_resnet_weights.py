"""ResNet-101 weights under torchvision's names fill the trunk, all of it, or nothing."""

import re

import pytest
import torch

from training.networks.jppnet.network import JPPNet
from training.networks.jppnet.resnet_weights import trunk_name


@pytest.fixture(scope="module")
def network():
    return JPPNet(3, 2, slimming=32)


def released(network):
    """What such a file holds, for a ResNet as slim as ``network``'s: 0, 1, 2 … as values of its tensors."""
    blocks = [("layer1", 3), ("layer2", 4), ("layer3", 23), ("layer4", 3)]
    names = ["conv1.weight", *(f"bn1.{leaf}" for leaf in ("weight", "bias", "running_mean", "running_var"))]
    for layer, count in blocks:
        for block in range(count):
            parts = [(f"conv{i}", f"bn{i}") for i in (1, 2, 3)]
            parts += [("downsample.0", "downsample.1")] if block == 0 else []
            for conv, norm in parts:
                names.append(f"{layer}.{block}.{conv}.weight")
                names += [
                    f"{layer}.{block}.{norm}.{leaf}" for leaf in ("weight", "bias", "running_mean", "running_var")
                ]
                names.append(f"{layer}.{block}.{norm}.num_batches_tracked")
    shapes = network.trunk.state_dict() | {f"res5.{k}": v for k, v in network.parsing.res5.state_dict().items()}
    values = {name: torch.full_like(shapes[ours], i) for i, name in enumerate(names) if (ours := trunk_name(name))}
    return values | {"fc.weight": torch.zeros(1000, 8), "bn1.num_batches_tracked": torch.tensor(1)}


def test_every_tensor_finds_its_place(network, tmp_path):
    values = released(network)
    torch.save({"state_dict": values}, tmp_path / "resnet.pth")
    network.load_pretrained(tmp_path / "resnet.pth")
    assert network.trunk.res4.b22.branch2c.conv.weight.unique() == values["layer3.22.conv3.weight"].unique()
    assert (
        network.trunk.res3.a.branch1.norm.running_var.unique() == values["layer2.0.downsample.1.running_var"].unique()
    )
    assert network.parsing.res5.c.branch2b.norm.bias.unique() == values["layer4.2.bn2.bias"].unique()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda values: values.pop("layer3.7.conv2.weight"), "missing: res4.b7.branch2b.conv.weight"),
        (lambda values: values.update({"layer3.23.conv1.weight": torch.zeros(1)}), "left over: res4.b23"),
        (lambda values: values.update({"conv1.weight": torch.zeros(1, 3, 7, 7)}), "wrong shape: conv1.conv.weight"),
    ],
)
def test_what_is_not_resnet_101_is_refused_by_name(network, tmp_path, change, complaint):
    values = released(network)
    change(values)
    torch.save(values, tmp_path / "resnet.pth")
    with pytest.raises(ValueError, match=re.escape(complaint)):
        network.load_pretrained(tmp_path / "resnet.pth")


def test_without_a_file_it_says_how_to_begin(network):
    with pytest.raises(ValueError, match=r"--from\).*--pretrained FILE.*--from-nothing"):
        network.load_pretrained(None)
