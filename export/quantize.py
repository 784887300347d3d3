"""Quantisation of a float32 file to 8 bits: QDQ, weights with a scale per channel, unsigned activations.

Weights take 7 of their 8 bits: on a CPU without VNNI, sums of two products are kept in 16 bits, and with 8 they
saturate (ONNX Runtime, "Quantize ONNX models", reduce_range); the file must give the same results on every machine.
Depth-wise convolutions are no matrix products: they sum in 32 bits everywhere, and their weights take all 8.

What comes after the network (soft-max, the label map, peaks of heat maps) stays in float32: it costs little, and a
coordinate in 8 bits would be none.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.data.sample import UInt8Array

OPERATORS = ("Conv", "Add", "Clip", "Relu")
"""Operators that take most of the time. The rest stays in float32."""


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
    quant_pre_process(path, folded, skip_symbolic_shape=True)
    model = onnx.load(folded)
    quantize_static(
        folded,
        path,
        FittedPhotoReader(images),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(OPERATORS),
        nodes_to_quantize=sorted(network_nodes(model, set(parameters))),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        extra_options={
            "TensorQuantOverrides": {name: [{"axis": 0, "reduce_range": False}] for name in depthwise_weights(model)}
        },
    )
    folded.unlink()


def depthwise_weights(model: onnx.ModelProto) -> list[str]:
    """Names of the weights of convolutions that filter each channel by itself."""
    return [
        node.input[1]
        for node in model.graph.node
        if node.op_type == "Conv" and any(given.name == "group" and given.i > 1 for given in node.attribute)
    ]


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
