"""A model whose answers can be worked out by hand, for tests that need an exact truth.

Label = red // 64, confidence = green, and joint j lies at the centroid of label j + 1 with score 1 (0 without any).
Input 48×64 (width×height); the label grid is 24×32, half of that, as an exporter may choose.
"""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Image = npt.NDArray[np.uint8]

WIDTH, HEIGHT, STRIDE = 48, 64, 2
LABELS = ("background", "shirt", "trousers", "hair")
COLORS = ((0, 0, 0), (250, 0, 0), (0, 250, 0), (0, 0, 250))
JOINTS = ("chest", "knee", "head")
PAD = (32, 128, 32)


def paint(width: int, height: int, boxes: dict[int, tuple[int, int, int, int]], confidence: int = 255) -> Image:
    """A photo (height, width, 3) whose label ``id`` fills the box x, y, width, height; the rest is background."""
    photo = np.empty((height, width, 3), np.uint8)
    photo[:] = (32, confidence, 90)
    for label, (x, y, w, h) in boxes.items():
        photo[y : y + h, x : x + w, 0] = 64 * label + 32
    return photo


def png(photo: Image) -> bytes:
    """The photo as a PNG."""
    return bytes(cv2.imencode(".png", photo[..., ::-1])[1].tobytes())


def jpeg(photo: Image, quality: int = 95) -> bytes:
    """The photo as a JPEG."""
    return bytes(cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def toy_card() -> dict[str, Any]:
    """The toy model's card; the golden sample is worked out here, not by running the model."""
    golden = paint(WIDTH, HEIGHT, {1: (10, 20, 20, 20), 3: (16, 4, 8, 10)})
    labels = (golden[::STRIDE, ::STRIDE, 0] // 64).astype(np.uint8)
    return {
        "schema": 1,
        "name": "toy",
        "version": "1.2",
        "license": "CC0-1.0",
        "training_data": "none",
        "description": "Reads labels from colours.",
        "precision": "fp32",
        "fit": "letterbox",
        "pad_color": list(PAD),
        "labels": [
            {"id": number, "name": name, "color": list(color)}
            for number, (name, color) in enumerate(zip(LABELS, COLORS, strict=True))
        ],
        "label_flip_pairs": [],
        "joints": list(JOINTS),
        "joint_flip_pairs": [],
        "skeleton": [[2, 0], [0, 1]],
        "metrics": {"mIoU": 1.0, "per label": {"shirt": 1.0}},
        "golden": {
            "image": base64.b64encode(png(golden)).decode(),
            "labels": base64.b64encode(cv2.imencode(".png", labels)[1].tobytes()).decode(),
            "keypoints": [[19.5, 29.5, 1.0], [0.0, 0.0, 0.0], [19.5, 8.5, 1.0]],
            "min_label_agreement": 1.0,
            "max_keypoint_distance": 0.01,
        },
    }


def parsing_card() -> dict[str, Any]:
    """The card of the toy model for parsing alone, as the exporter writes it of imported weights."""
    card = toy_card() | {
        "version": "not stated", "license": "not stated", "training_data": "not stated", "limits": [],
        "recipe": {"network": {"name": "toy"}}, "metrics": {}, "pad_color": [0, 0, 0],
        "synonyms": {"Torso": [1], "body": [1, 2], "trousers": [1]}, "joints": [], "skeleton": [],
    }  # fmt: skip
    del card["golden"]["keypoints"], card["golden"]["max_keypoint_distance"]
    return card


def pose_card() -> dict[str, Any]:
    """The card of the toy model for pose alone."""
    card = toy_card() | {"labels": [], "label_flip_pairs": [], "metrics": {}}
    del card["golden"]["labels"], card["golden"]["min_label_agreement"]
    return card


def write_toy_model(path: Path, card: dict[str, Any] | None) -> Path:
    """Writes the toy model with that card (None: without any), and without outputs that the card does not speak of."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, values: Any, dtype: Any) -> str:
        constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def node(op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def channel(index: int) -> str:
        start = constant(f"start{index}", [index], np.int64)
        end = constant(f"end{index}", [index + 1], np.int64)
        part = node("Slice", ["image", start, end, axis3], f"channel{index}_")
        return node("Squeeze", [part, axis3], f"channel{index}")

    def every_second(name: str, output: str) -> str:
        return node("Slice", [name, zeros, many, axes, steps], output)

    axis3 = constant("axis3", [3], np.int64)
    zeros, many = constant("zeros", [0, 0], np.int64), constant("many", [1 << 20] * 2, np.int64)
    axes, steps = constant("axes", [1, 2], np.int64), constant("steps", [STRIDE, STRIDE], np.int64)
    red = node("Cast", [channel(0)], "red", to=TensorProto.FLOAT)
    ids = node("Floor", [node("Div", [red, constant("64", 64, np.float32)], "quotient")], "ids")
    every_second(node("Cast", [ids], "labels_", to=TensorProto.UINT8), "labels")
    every_second(channel(1), "confidence")

    one = constant("one", 1, np.float32)
    planes = {"x": np.arange(WIDTH)[None, None, :], "y": np.arange(HEIGHT)[None, :, None]}
    places = {name: constant(f"plane_{name}", plane, np.float32) for name, plane in planes.items()}
    rows = []
    for joint in range(len(JOINTS)):
        same = node("Equal", [ids, constant(f"id{joint}", joint + 1, np.float32)], f"same{joint}")
        member = node("Cast", [same], f"member{joint}", to=TensorProto.FLOAT)
        count = node("ReduceSum", [member, axes], f"count{joint}", keepdims=0)
        divisor = node("Max", [count, one], f"divisor{joint}")
        values = []
        for name, plane in places.items():
            weighted = node("Mul", [member, plane], f"weighted{joint}{name}")
            total = node("ReduceSum", [weighted, axes], f"total{joint}{name}", keepdims=0)
            values.append(node("Div", [total, divisor], f"{name}{joint}"))
        values.append(node("Min", [count, one], f"score{joint}"))
        last = constant(f"last{joint}", [1], np.int64)
        columns = [node("Unsqueeze", [value, last], f"{value}_column") for value in values]
        row = node("Concat", columns, f"row{joint}", axis=1)
        rows.append(node("Unsqueeze", [row, last], f"row{joint}_"))
    node("Concat", rows, "keypoints", axis=1)

    grid: list[str | int | None] = ["N", HEIGHT // STRIDE, WIDTH // STRIDE]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", HEIGHT, WIDTH, 3])],
        [
            helper.make_tensor_value_info("labels", TensorProto.UINT8, grid),
            helper.make_tensor_value_info("confidence", TensorProto.UINT8, grid),
            helper.make_tensor_value_info("keypoints", TensorProto.FLOAT, ["N", len(JOINTS), 3]),
        ],
        constants,
    )
    if card is not None:
        alone = {"labels": card.get("labels"), "confidence": card.get("labels"), "keypoints": card.get("joints")}
        kept = [output for output in graph.output if alone[output.name] != []]
        del graph.output[:]
        graph.output.extend(kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    if card is not None:
        helper.set_model_props(model, {"jppnet.card": json.dumps(card)})
    onnx.save(model, path)
    return path
