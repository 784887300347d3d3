"""A detector whose answers can be worked out by hand, and scenes whose people it and the toy model know.

Blue says whose a pixel is: person ``k`` from 0 has 106 + 12·k, nobody 90. A person's box is the one around all of those
pixels, and the score their mean green / 255. Photos of 384×256 are seen at half their size: edges on even pixels stay
sharp.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.helpers.toy_model import paint, png

Image = npt.NDArray[np.uint8]

PEOPLE = 12
WIDTH, HEIGHT = 384, 256
"""Of photos that the detector sees at exactly half their size."""
SIDE = 157
NOBODY, FIRST, STEP = 90, 100, 12
"""Blue of nobody, the least blue of the first person, and from one person to the next."""
THRESHOLD = 0.3


class Figure(NamedTuple):
    """A person in a scene, upright in a box of even sides: hair above, then a shirt, then trousers."""

    x: int
    y: int
    width: int
    height: int
    score: float = 1.0

    @property
    def box(self) -> list[int]:
        """As answers have it."""
        return [self.x, self.y, self.width, self.height]


class Scene(NamedTuple):
    """A photo (height, width, 3), and what is in it: label ids and people's numbers from 1 (height, width)."""

    photo: Image
    labels: Image
    people: Image

    @property
    def png(self) -> bytes:
        """The photo's file."""
        return png(self.photo)


def draw(*figures: Figure, width: int = WIDTH, height: int = HEIGHT) -> Scene:
    """A scene of figures, each before those that come earlier."""
    photo = paint(width, height, {})
    people = np.zeros((height, width), np.uint8)
    for number, (x, y, w, h, score) in enumerate(figures):
        body = photo[y : y + h, x : x + w]
        hair, trousers = h // 8 * 2, h // 8 * 5
        body[:] = (64 + 32, round(255 * score), FIRST + STEP * number + STEP // 2)
        body[:hair, :, 0] = 3 * 64 + 32
        body[trousers:, :, 0] = 2 * 64 + 32
        people[y : y + h, x : x + w] = number + 1
    return Scene(photo, photo[..., 0] // 64, people)


def toy_detector_card(**changes: Any) -> dict[str, Any]:
    """The toy detector's card; the golden people are worked out here, not by running it."""
    golden = draw(Figure(40, 20, 80, 160), Figure(200, 60, 60, 180, 0.8)).photo[::2, ::2]
    return {
        "schema": 1,
        "kind": "detect",
        "name": "toy-detect",
        "version": "0.1",
        "license": "CC0-1.0",
        "training_data": "none",
        "description": "Reads people from colours.",
        "limits": [],
        "precision": "fp32",
        "fit": "letterbox",
        "pad_color": [0, 0, NOBODY],
        "side": SIDE,
        "multiple": 32,
        "score": THRESHOLD,
        "most_overlap": 0.6,
        "metrics": {"f1": 1.0},
        "golden": {
            "image": base64.b64encode(png(golden)).decode(),
            "boxes": [[20.0, 10.0, 60.0, 90.0], [100.0, 30.0, 130.0, 120.0]],
            "scores": [1.0, 0.8],
            "min_overlap": 0.99,
            "max_score_difference": 0.01,
        },
    } | changes


def write_toy_detector(path: Path, card: dict[str, Any] | None) -> Path:
    """Writes the toy detector with that card (None: without any)."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, values: Any, dtype: Any) -> str:
        constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def node(op: str, inputs: Sequence[str], **attributes: Any) -> str:
        output = f"{op}{len(nodes)}"
        nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    axes, axis3 = constant("axes", [1, 2], np.int64), constant("axis3", [3], np.int64)
    rows, columns = constant("rows", 1, np.int64), constant("columns", 2, np.int64)
    last = constant("last", [1], np.int64)
    one, far, zero = constant("one", 1, np.float32), constant("far", 1e6, np.float32), constant("zero", 0, np.float32)

    def channel(index: int) -> str:
        start, end = constant(f"start{index}", [index], np.int64), constant(f"end{index}", [index + 1], np.int64)
        plane = node("Squeeze", [node("Slice", ["image", start, end, axis3]), axis3])
        return node("Cast", [plane], to=TensorProto.FLOAT)

    green, blue = channel(1), channel(2)
    ones = node("Cast", [node("Equal", [blue, blue])], to=TensorProto.FLOAT)
    edges = {
        axis: (node("CumSum", [ones, axis], exclusive=1), node("CumSum", [ones, axis])) for axis in (rows, columns)
    }
    numbers = node(
        "Floor",
        [node("Div", [node("Sub", [blue, constant("first", FIRST, np.float32)]), constant("step", STEP, np.float32)])],
    )
    boxes, scores = [], []
    for person in range(PEOPLE):
        own = node("Equal", [numbers, constant(f"person{person}", person, np.float32)])
        member = node("Cast", [own], to=TensorProto.FLOAT)
        sides = [
            node("ReduceMin", [node("Where", [own, edges[columns][0], far]), axes], keepdims=0),
            node("ReduceMin", [node("Where", [own, edges[rows][0], far]), axes], keepdims=0),
            node("ReduceMax", [node("Where", [own, edges[columns][1], zero]), axes], keepdims=0),
            node("ReduceMax", [node("Where", [own, edges[rows][1], zero]), axes], keepdims=0),
        ]
        box = node("Concat", [node("Unsqueeze", [side, last]) for side in sides], axis=1)
        boxes.append(node("Unsqueeze", [box, last]))
        count = node("Max", [node("ReduceSum", [member, axes], keepdims=0), one])
        total = node("ReduceSum", [node("Mul", [member, green]), axes], keepdims=0)
        score = node("Div", [node("Div", [total, count]), constant(f"full{person}", 255, np.float32)])
        scores.append(node("Unsqueeze", [score, last]))
    nodes.append(helper.make_node("Concat", boxes, ["boxes"], axis=1))
    nodes.append(helper.make_node("Concat", scores, ["scores"], axis=1))
    graph = helper.make_graph(
        nodes,
        "toy-detect",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", PEOPLE, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", PEOPLE]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    if card is not None:
        helper.set_model_props(model, {"jppnet.card": json.dumps(card)})
    onnx.save(model, path)
    return path
