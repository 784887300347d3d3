"""Calibrated scores in a detector's file, beside the formula of docs/model-file.md."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from export.score_calibration import add_calibration, is_calibrated
from training.evaluation.detector_calibration import ScoreCalibration
from training.networks.detector.decode import CANDIDATES

CALIBRATION = ScoreCalibration(ceiling=0.85, slope=2.5, size=0.6, offset=2.9)


@pytest.fixture
def detector():
    """A graph that answers with the boxes and scores that it is given."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3])
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", CANDIDATES, *rest])
        for name, rest in (("given_boxes", [4]), ("given_scores", []))
    ]
    found = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", CANDIDATES, *rest])
        for name, rest in (("boxes", [4]), ("scores", []))
    ]
    nodes = [helper.make_node("Identity", [f"given_{name}"], [name]) for name in ("boxes", "scores")]
    graph = helper.make_graph(nodes, "detector", [image, *given], found)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def answer(model, candidates, height=64, width=128):
    """Boxes and scores of two photos with these candidates, (box, score); the rest are none."""
    boxes, scores = np.zeros((2, CANDIDATES, 4), np.float32), np.zeros((2, CANDIDATES), np.float32)
    for place, (box, score) in enumerate(candidates):
        boxes[:, place], scores[:, place] = box, score
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.zeros((2, height, width, 3), np.uint8)
    found = session.run(["boxes", "scores"], {"image": image, "given_boxes": boxes, "given_scores": scores})
    assert (found[0][0] == found[0][1]).all()
    return found[0][0], found[1][0]


def test_scores_are_the_formulas_and_fall_with_their_boxes(detector):
    add_calibration(detector, CALIBRATION)
    small, large = (0, 0, 16, 32), (0, 0, 64, 64)  # of 64 × 128: a sixteenth and a half
    boxes, scores = answer(detector, [(small, 0.5), (large, 0.4)])
    expected = [2.5 * np.log(0.4 / 0.6) + 0.6 * np.log(0.5) + 2.9, 0.6 * np.log(1 / 16) + 2.9]
    np.testing.assert_allclose(scores[:2], 1 / (1 + np.exp(-np.array(expected))), rtol=1e-5)
    assert boxes[:2].tolist() == [list(large), list(small)]


def test_above_the_ceiling_the_size_alone_decides(detector):
    add_calibration(detector, CALIBRATION)
    boxes, scores = answer(detector, [((0, 0, 16, 32), 1.0), ((0, 0, 16, 40), 0.75)])
    assert boxes[0].tolist() == [0, 0, 16, 40]
    assert scores[0] == pytest.approx(1 / (1 + np.exp(-(2.5 * 0.85 + 0.6 * np.log(640 / 8192) + 2.9))))


def test_what_is_no_candidate_stays_none(detector):
    add_calibration(detector, CALIBRATION)
    _, scores = answer(detector, [((0, 0, 16, 32), 0.5)])
    assert scores[0] > 0
    assert (scores[1:] == 0).all()


def test_a_file_is_calibrated_once(detector):
    assert not is_calibrated(detector)
    add_calibration(detector, CALIBRATION)
    assert is_calibrated(onnx.load_from_string(detector.SerializeToString()))
    with pytest.raises(ValueError, match="calibrated"):
        add_calibration(detector, CALIBRATION)
