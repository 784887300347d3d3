"""Quantisation of a float32 file to 8 bits: QDQ, weights with a scale per channel, unsigned activations.

Weights take 7 of their 8 bits: on a CPU without VNNI, sums of two products are kept in 16 bits, and with 8 they
saturate (ONNX Runtime, "Quantize ONNX models", reduce_range); the file must give the same results on every machine.
Depth-wise convolutions are no matrix products: they sum in 32 bits everywhere, and their weights take all 8.

The first layers stay in float32. Their filters find edges: weights of both signs, up to 30, on brightness that hardly
changes, so that rounding a weight shifts a whole channel. Elsewhere the mean shift of a channel by rounding is taken
from its bias (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019).

What comes after the network (soft-max, the label map, peaks of heat maps) stays in float32: it costs little, and a
coordinate in 8 bits would be none.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx.helper import make_node, make_tensor_value_info
from onnx.numpy_helper import from_array, to_array
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.data.sample import UInt8Array

Float64Array = npt.NDArray[np.float64]

OPERATORS = ("Conv", "Add", "Clip", "Relu")
"""Operators that take most of the time. The rest stays in float32."""

FLOAT_DEPTH = 6
"""Convolutions on the way from the photo that stay in float32: in MobileNets the stem and two blocks. Of jppnet-lite
0.6.0's pixels of people, fewer keep their label with 3 or 0, and no more with 9. What a file loses is what ``python -m
export.measure`` says of it beside the same model's file in half precision."""

CORRECTION_PHOTOS = 32
"""Photos from which the mean inputs of convolutions are measured."""


class FittedPhotoReader(CalibrationDataReader):  # type: ignore[misc]
    """Reader of fitted photos (H, W, 3), one at a time, from which the ranges of activations are measured."""

    def __init__(self, images: Iterable[UInt8Array]) -> None:
        self._images: Iterator[UInt8Array] = iter(images)

    def get_next(self) -> dict[str, UInt8Array] | None:
        """The next photo as a batch of one, None after the last."""
        image = next(self._images, None)
        return None if image is None else {"image": image[None]}


def quantize(path: Path, parameters: Iterable[str], images: Iterable[UInt8Array]) -> None:
    """Quantise a file in place. ``parameters``: the network's, by their names in the file; ``images``: to calibrate."""
    folded = path.with_suffix(".folded.onnx")
    images = list(images)
    quant_pre_process(path, folded, skip_symbolic_shape=True)
    model = onnx.load(folded)
    quantize_static(
        folded,
        path,
        FittedPhotoReader(images),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(OPERATORS),
        nodes_to_quantize=sorted(network_nodes(model, set(parameters)) - first_layers(model, FLOAT_DEPTH)),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        extra_options={
            "TensorQuantOverrides": {name: [{"axis": 0, "reduce_range": False}] for name in depthwise_weights(model)}
        },
    )
    quantised = onnx.load(path)
    correct_biases(model, quantised, images[:CORRECTION_PHOTOS])
    onnx.save(quantised, path)
    folded.unlink()


def correct_biases(model: onnx.ModelProto, quantised: onnx.ModelProto, images: Sequence[UInt8Array]) -> None:
    """Take from each bias of ``quantised``, in place, what rounding the weights adds to its channel on average.

    That is the sum over the rounding errors of the channel's weights, each times the mean of its input channel over
    ``images`` in ``model``, the file before it was quantised. Padding is left out of account.
    """
    weights = {tensor.name: to_array(tensor) for tensor in model.graph.initializer}
    rounded = {tensor.name: tensor for tensor in quantised.graph.initializer}
    convolutions = [node for node in model.graph.node if f"{''.join(node.input[2:3])}_quantized" in rounded]
    if not convolutions:  # a network that has no more layers than stay in float32
        return
    depthwise = set(depthwise_weights(model))
    means = mean_inputs(model, sorted({node.input[0] for node in convolutions}), images)
    for node in convolutions:
        given, weight, bias = node.input
        tensor, scale, zero = (to_array(rounded[f"{weight}_{part}"]) for part in ("quantized", "scale", "zero_point"))
        error = (tensor.astype(np.float64) - spread(zero)) * spread(scale) - weights[weight]
        sums = error.sum(axis=(2, 3))  # (out, in), or (out, 1) where each channel is filtered by itself
        shift = sums[:, 0] * means[given] if weight in depthwise else sums @ means[given]
        steps = np.rint(shift / to_array(rounded[f"{bias}_quantized_scale"]))
        old = rounded[f"{bias}_quantized"]
        old.CopyFrom(from_array((to_array(old) - steps).astype(np.int32), old.name))


def spread(values: npt.ArrayLike) -> Float64Array:
    """(out,) or a scalar → (out or 1, 1, 1, 1), to be multiplied with weights (out, in, height, width)."""
    return np.asarray(values, np.float64).reshape(-1, 1, 1, 1)


def mean_inputs(model: onnx.ModelProto, names: Sequence[str], images: Sequence[UInt8Array]) -> dict[str, Float64Array]:
    """Mean of each channel (C,) of the named tensors (1, C, H, W) over fitted photos (H, W, 3)."""
    measured = onnx.ModelProto()
    measured.CopyFrom(model)
    measured.graph.initializer.append(from_array(np.array([0, 2, 3]), "mean_axes"))
    for name in names:
        mean = f"mean_of_{name}"
        measured.graph.node.append(make_node("ReduceMean", [name, "mean_axes"], [mean], keepdims=0))
        measured.graph.output.append(make_tensor_value_info(mean, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(measured.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = [f"mean_of_{name}" for name in names]
    photos = [session.run(outputs, {"image": image[None]}) for image in images]
    return {name: np.mean(values, axis=0, dtype=np.float64) for name, *values in zip(names, *photos, strict=True)}


def depthwise_weights(model: onnx.ModelProto) -> list[str]:
    """Names of the weights of convolutions that filter each channel by itself."""
    return [
        node.input[1]
        for node in model.graph.node
        if node.op_type == "Conv" and any(given.name == "group" and given.i > 1 for given in node.attribute)
    ]


def first_layers(model: onnx.ModelProto, depth: int) -> set[str]:
    """Names of the nodes with at most ``depth`` convolutions on the longest way from the input to them, included."""
    depth_of: dict[str, int] = {}
    found: set[str] = set()
    for node in model.graph.node:  # sorted topologically, as ONNX demands
        own = max((depth_of.get(name, 0) for name in node.input), default=0) + (node.op_type == "Conv")
        depth_of |= dict.fromkeys(node.output, own)
        if own <= depth:
            found.add(node.name)
    return found


def network_nodes(model: onnx.ModelProto, parameters: set[str]) -> set[str]:
    """Names of the nodes that read a parameter, and of all that these depend on."""
    made_by = {output: node for node in model.graph.node for output in node.output}
    found: set[str] = set()
    open_ends = [node for node in model.graph.node if parameters & set(node.input)]
    while open_ends:
        node = open_ends.pop()
        if node.name not in found:
            found.add(node.name)
            open_ends += [made_by[name] for name in node.input if name in made_by]
    return found
