"""Score calibration of a detector's file: nodes after its graph that turn scores into calibrated ones.

Each file is calibrated by itself: weights in 8 bits move the scores.
"""

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

from training.evaluation.detector_calibration import ScoreCalibration
from training.networks.detector.decode import CANDIDATES

OUTPUTS = ("boxes", "scores")
PREFIX = "calibration."
"""Of the names of all that is added."""

# A score of 0 stays 0: its log-odds are minus infinity, and so is the logarithm of an empty box's share. The order of
# the candidates may change, so they are sorted anew.
_STEPS: tuple[tuple[str, list[str], list[str], dict[str, int]], ...] = (
    ("Sub", ["one", "raw_scores"], ["missed"], {}),
    ("Div", ["raw_scores", "missed"], ["odds"], {}),
    ("Log", ["odds"], ["log_odds"], {}),
    ("Min", ["log_odds", "ceiling"], ["counted"], {}),
    ("Mul", ["slope", "counted"], ["by_score"], {}),
    ("Split", ["raw_boxes"], ["left", "top", "right", "bottom"], {"axis": 2, "num_outputs": 4}),
    ("Sub", ["right", "left"], ["width"], {}),
    ("Sub", ["bottom", "top"], ["height"], {}),
    ("Mul", ["width", "height"], ["column_of_areas"], {}),
    ("Squeeze", ["column_of_areas", "last_axis"], ["areas"], {}),
    ("Shape", ["image"], ["sides"], {"start": 1, "end": 3}),
    ("ReduceProd", ["sides"], ["pixels"], {"keepdims": 0}),
    ("Cast", ["pixels"], ["input_area"], {"to": onnx.TensorProto.FLOAT}),
    ("Div", ["areas", "input_area"], ["shares"], {}),
    ("Log", ["shares"], ["log_shares"], {}),
    ("Mul", ["size", "log_shares"], ["by_size"], {}),
    ("Add", ["by_score", "by_size"], ["by_both"], {}),
    ("Add", ["by_both", "offset"], ["calibrated_odds"], {}),
    ("Sigmoid", ["calibrated_odds"], ["calibrated"], {}),
    ("TopK", ["calibrated", "candidates"], ["scores", "order"], {"axis": 1}),
    ("Unsqueeze", ["order", "last_axis"], ["column_of_order"], {}),
    ("Shape", ["raw_boxes"], ["boxes_shape"], {}),
    ("Expand", ["column_of_order", "boxes_shape"], ["places"], {}),
    ("GatherElements", ["raw_boxes", "places"], ["boxes"], {"axis": 1}),
)


def add_calibration(model: ModelProto, calibration: ScoreCalibration) -> None:
    """Makes a detector's scores calibrated, and its candidates fall in them (in place).

    Raises ValueError for a model that is calibrated.
    """
    graph = model.graph
    if is_calibrated(model):
        raise ValueError("the detector's scores are calibrated")
    for node in graph.node:
        node.output[:] = [_named(f"raw_{name}") if name in OUTPUTS else name for name in node.output]
        node.input[:] = [_named(f"raw_{name}") if name in OUTPUTS else name for name in node.input]
    numbers = {"one": 1.0, **calibration.model_dump()}
    constants = {name: np.array(value, np.float32) for name, value in numbers.items()}
    constants |= {"last_axis": np.array([2]), "candidates": np.array([CANDIDATES])}
    graph.initializer.extend(numpy_helper.from_array(value, _named(name)) for name, value in constants.items())
    graph.node.extend(_node(*step) for step in _STEPS)
    onnx.checker.check_model(model)


def is_calibrated(model: ModelProto) -> bool:
    """Whether a detector's scores are calibrated ones."""
    return any(constant.name == _named("slope") for constant in model.graph.initializer)


def _node(kind: str, inputs: list[str], outputs: list[str], attributes: dict[str, int]) -> NodeProto:
    name, *others = map(_named, outputs)
    node = helper.make_node(kind, [*map(_named, inputs)], [name, *others], name)
    node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
    return node


def _named(name: str) -> str:
    return name if name in ("image", *OUTPUTS) else PREFIX + name
