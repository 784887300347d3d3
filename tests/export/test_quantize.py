"""export.quantize: which layers keep their precision, and what rounding shifts is taken back."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array, to_array

from export.quantize import correct_biases, first_layers, mean_inputs

IMAGES = [np.full((2, 2, 2), (10, 40), np.uint8), np.full((2, 2, 2), (30, 0), np.uint8)]
"""Photos (H, W, channels) whose channels have the means 20 and 20."""


def model_of(weight: np.ndarray, group: int = 1):
    """A photo's channels through one convolution of 1×1 with weights (out, in / group)."""
    nodes = [
        make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        make_node("Transpose", ["numbers"], ["channels"], perm=[0, 3, 1, 2]),
        make_node("Conv", ["channels", "weight", "bias"], ["out"], group=group),
    ]
    given = make_tensor_value_info("image", TensorProto.UINT8, [1, 2, 2, 2])
    out = make_tensor_value_info("out", TensorProto.FLOAT, None)
    tensors = [
        from_array(weight[:, :, None, None].astype(np.float32), "weight"),
        from_array(np.zeros(2, np.float32), "bias"),
    ]
    graph = make_graph(nodes, "graph", [given], [out], tensors)
    return make_model(graph, opset_imports=[make_opsetid("", 18)], ir_version=10)


def rounded(weight: np.ndarray, scale: np.ndarray, bias_scale: np.ndarray):
    """What remains of these weights in an 8-bit file, where only its tensors are read."""
    tensors = {
        "weight_quantized": np.rint(weight / scale[:, None]).astype(np.int8)[:, :, None, None],
        "weight_scale": scale.astype(np.float32),
        "weight_zero_point": np.zeros(len(scale), np.int8),
        "bias_quantized": np.zeros(2, np.int32),
        "bias_quantized_scale": bias_scale.astype(np.float32),
    }
    return make_model(make_graph([], "graph", [], [], [from_array(value, name) for name, value in tensors.items()]))


def biases(model) -> list[int]:
    return next(to_array(it) for it in model.graph.initializer if it.name == "bias_quantized").tolist()


def test_mean_inputs_are_the_channels_over_all_photos():
    assert mean_inputs(model_of(np.ones((2, 2))), ["channels"], IMAGES)["channels"].tolist() == [20, 20]


@pytest.mark.parametrize(
    ("group", "weight", "expected"),
    [
        # Steps of 0.5: 0.7 becomes 0.5, 0.3 becomes 0.5, 0.4 becomes 0.5, 1.2 becomes 1.0; biases in steps of 0.1.
        (1, [[0.7, 0.3], [0.4, 1.2]], [0, 20]),  # (-0.2 + 0.2) * 20 = 0; (0.1 - 0.2) * 20 = -2
        (2, [[0.7], [0.4]], [40, -20]),  # -0.2 * 20 = -4; 0.1 * 20 = 2
    ],
)
def test_what_rounding_adds_to_a_channel_on_average_is_taken_from_its_bias(group, weight, expected):
    weight = np.array(weight)
    quantised = rounded(weight, np.full(2, 0.5), np.full(2, 0.1))
    correct_biases(model_of(weight, group), quantised, IMAGES)
    assert biases(quantised) == expected


def test_a_convolution_that_was_not_quantised_is_left_as_it_is():
    empty = make_model(make_graph([], "graph", [], [], []))
    correct_biases(model_of(np.ones((2, 2))), empty, IMAGES)
    assert not empty.graph.initializer


def test_the_first_layers_are_counted_along_the_longest_way_from_the_photo():
    convolutions = [make_node("Conv", [f"in{i}", f"weight{i}"], [f"sum{i}"], name=f"conv{i}") for i in range(3)]
    clips = [make_node("Clip", [f"sum{i}"], [f"in{i + 1}"], name=f"clip{i}") for i in range(3)]
    shortcut = make_node("Add", ["in1", "in3"], ["out"], name="shortcut")
    pairs = [node for pair in zip(convolutions, clips, strict=True) for node in pair]
    model = make_model(make_graph([*pairs, shortcut], "graph", [], []))
    assert first_layers(model, 2) == {"conv0", "clip0", "conv1", "clip1"}
    assert "shortcut" in first_layers(model, 3)
