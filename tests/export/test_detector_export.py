"""A detector's checkpoint becomes a file that answers as it does and says what it is."""

import base64
import copy
import csv
import json

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export import detector_exporter
from export.card import KEY
from export.detector_exporter import (
    LIMITS,
    BoxDifference,
    DetectorParityError,
    compare_boxes,
    export_detector,
    fitted,
    open_detector,
    prove_detector,
    quantizable,
    without_doubles,
)
from export.detector_graph import DetectorGraph
from export.half_weights import store_in_half
from export.photos import portrait_views
from export.quantize import quantize
from export.score_calibration import is_calibrated
from tests.helpers.commands import run_command
from tests.helpers.traced_once import traced_once
from training.checkpoints.detector import DetectorCheckpoint
from training.data.openimages_boxes import boxed_splits
from training.data.openimages_source import OpenImagesPeople
from training.networks.detector.network import DetectorNetwork
from training.networks.detector.recipe import load_detector_recipe
from training.networks.movenet import PYRAMID
from training.networks.same_padding import SameConv2d


class TinyTrunk(torch.nn.Module):
    """Three convolutions in place of MoveNet's trunk and pyramid, which take a minute to trace for sizes that vary."""

    def __init__(self):
        super().__init__()
        self.groups = torch.nn.Sequential(
            SameConv2d(3, 128, 3, 2), torch.nn.ReLU6(), SameConv2d(128, 256, 3, 2), torch.nn.ReLU6(),
            torch.nn.Conv2d(256, PYRAMID[-1][1], 1), torch.nn.ReLU(),
        )  # fmt: skip

    def features(self, images):
        return [], [], [self.groups(images / 127.5 - 1)]


def detector(trunk=None):
    """The checkpoint of a light network, with another trunk if one is given, that sees somebody here and there."""
    torch.manual_seed(1)
    recipe = load_detector_recipe("detector")
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update={"trunk": "movenet-lightning"})})
    network = DetectorNetwork("movenet-lightning").eval()
    network.trunk = trunk or network.trunk
    with torch.no_grad():
        for group in network.trunk.groups.modules():
            if isinstance(group, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(group.weight)
        for head, scale, bias in ((network.center, 40.0, -1.0), (network.size, 5.0, 24.0), (network.offset, 1.0, 0.0)):
            head.out.weight *= scale
            head.out.bias.fill_(bias)
    return DetectorCheckpoint(network, recipe, {})


@pytest.fixture(scope="module", autouse=True)
def _traced_once(tmp_path_factory):
    with traced_once(detector_exporter, tmp_path_factory.mktemp("traced"), "write_detector_graph"):
        yield


@pytest.fixture(scope="module")
def checkpoint():
    torch.manual_seed(0)
    return detector(TinyTrunk())


@pytest.mark.slow
def test_movenet_is_exported_and_answers_as_its_checkpoint(folders, tmp_path):
    path = tmp_path / "detect.onnx"
    difference = export_detector(detector(), path, *folders)
    assert difference.overlap > LIMITS["fp32"].overlap
    model = onnx.load(path)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Photos of people, with boxes, and photos of nobody: noise, all of them."""
    root, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for folder, count in (("photos", 40), ("garments", 20)):
        (root / folder).mkdir()
        for number in range(count):
            noise = rng.integers(0, 256, (9, 9, 3)).astype(np.uint8)
            cv2.imwrite(str(root / folder / f"{number:04x}.jpg"), cv2.resize(noise, (64, 64)))
    with (root / "boxes.csv").open("w", newline="") as file:
        corners = [(x, y) for x in (4, 32) for y in (4, 32)]
        rows = [(f"{number:04x}", x, y, 28, 28) for number in range(40) for x, y in corners]
        csv.writer(file).writerows([("photo", "x", "y", "width", "height"), *rows])
    seen = {f"{number:04x}": {"aspect": "4:3", "people": []} for number in range(40)}
    (root / "multipose.json").write_text(json.dumps(seen))
    return OpenImagesPeople(root), root / "garments"


@pytest.fixture(scope="module")
def exported(checkpoint, folders, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "detect.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.detector_exporter.CERTAIN", 0.02)  # random weights are sure of nobody
        difference = export_detector(checkpoint, path, *folders)
    assert difference.overlap > LIMITS["fp32"].overlap
    return path


@pytest.fixture(scope="module")
def graph_file(checkpoint, tmp_path_factory):
    """The graph alone, whose scores are the network's own."""
    path = tmp_path_factory.mktemp("graph") / "detect.onnx"
    detector_exporter.write_detector_graph(DetectorGraph(checkpoint.network).eval(), path)
    return path


def test_the_card_says_what_a_service_must_know(exported, folders):
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    card = json.loads(session.get_modelmeta().custom_metadata_map[KEY])
    assert (card["schema"], card["kind"], card["name"], card["fit"]) == (1, "detect", exported.stem, "letterbox")
    assert (card["multiple"], card["side"], card["most_overlap"]) == (32, 224, 0.6)
    assert 0 < card["score"] < 1
    assert card["calibration"]["slope"] > 0
    assert is_calibrated(onnx.load(exported))
    assert card["metrics"]["photos"] > 0
    for word in ("Open Images", "Clothing Co-Parsing", "CC BY 4.0"):
        assert word in card["training_data"]
    golden = cv2.imdecode(np.frombuffer(base64.b64decode(card["golden"]["image"]), np.uint8), cv2.IMREAD_COLOR_RGB)
    boxes, scores = open_detector(exported)(golden)
    known = len(card["golden"]["boxes"])
    assert known
    np.testing.assert_allclose(boxes[:known], card["golden"]["boxes"], atol=0.01)
    np.testing.assert_allclose(scores[:known], card["golden"]["scores"], atol=1e-3)
    lines = (exported.parent / f"{exported.stem}.photos.txt").read_text().splitlines()
    names = [line for line in lines if not line.startswith("#")]
    splits = boxed_splits(folders[0])
    assert sorted(names) == sorted([*splits["train"], *splits["tune"]])
    assert "CC BY 2.0" in " ".join(lines[:4])
    page = exported.with_suffix(".md").read_text()
    assert page.startswith("# detect\n")
    assert f"| threshold | {card['score']}" in page


def test_only_a_detector_that_is_not_calibrated_is_calibrated(exported, graph_file, folders):
    people, garments = folders
    for file, why in ((exported, "is calibrated: export it anew"), (graph_file, "no detector of this project's")):
        with pytest.raises(SystemExit, match=why):
            run_command("export.calibrate_detector", file, "--people", people.root, "--nobody", garments)


def test_any_size_and_any_number_of_photos(graph_file, checkpoint):
    session = onnxruntime.InferenceSession(str(graph_file), providers=["CPUExecutionProvider"])
    graph = DetectorGraph(checkpoint.network)
    views = portrait_views()
    for height, width, count in ((64, 64, 1), (96, 224, 3), (320, 160, 2)):
        images = np.stack([cv2.resize(np.ascontiguousarray(view), (width, height)) for view in views[:count]])
        boxes, scores = session.run(["boxes", "scores"], {"image": images})
        assert (boxes.shape, scores.shape) == ((count, 64, 4), (count, 64))
        assert boxes.min() >= 0
        assert boxes[..., 0::2].max() <= width
        assert boxes[..., 1::2].max() <= height
        assert (np.diff(scores) <= 0).all()
        with torch.inference_mode():
            _, truth = graph(torch.from_numpy(images))
        np.testing.assert_allclose(scores, truth.numpy(), atol=1e-3)


def test_it_is_made_of_standard_operators(exported):
    model = onnx.load(exported)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert "NonMaxSuppression" not in {node.op_type for node in model.graph.node}
    assert not model.graph.metadata_props


def test_8_bits_and_halved_weights_are_smaller_and_near(graph_file, checkpoint, tmp_path):
    graph = DetectorGraph(checkpoint.network).eval()
    photos = [fitted(view) for view in portrait_views()]
    for precision, change in (
        ("int8", lambda path: quantize(path, quantizable(graph), photos)),
        ("fp32", store_in_half),
    ):
        path = tmp_path / f"{precision}.onnx"
        path.write_bytes(graph_file.read_bytes())
        change(path)
        assert path.stat().st_size < 0.6 * graph_file.stat().st_size
        run = open_detector(path)
        for photo in photos:  # random weights have no boxes worth comparing
            _, scores = graph(torch.from_numpy(photo)[None])
            assert np.abs(run(photo)[1] - scores[0].detach().numpy()).max() < LIMITS[precision].score + 0.02


def test_heads_stay_in_float32(checkpoint):
    names = quantizable(DetectorGraph(checkpoint.network))
    assert "network.trunk.groups.0.weight" in names
    assert not any(head in name for name in names for head in (".center.", ".size.", ".offset."))


def test_a_file_that_answers_otherwise_is_refused(graph_file, checkpoint):
    other = DetectorGraph(copy.deepcopy(checkpoint.network)).eval()
    with torch.no_grad():
        other.network.center.out.bias.fill_(2.0)
        other.network.size.out.bias.fill_(20.0)  # large enough to be candidates
    with pytest.raises(DetectorParityError):
        prove_detector(other, graph_file, [fitted(portrait_views()[0])], LIMITS["fp32"])


def test_doubles_are_not_compared():
    boxes = np.array([[0, 0, 10, 11], [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], np.float32)
    kept, scores = without_doubles(boxes, np.array([0.9, 0.8, 0.5, 0.1], np.float32))
    assert kept.tolist() == [[0, 0, 10, 11], [20, 0, 30, 10]]
    assert scores.tolist() == pytest.approx([0.9, 0.5])


def test_how_far_answers_lie_apart():
    truth = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32), np.array([0.9, 0.1], np.float32)
    answer = np.array([[50, 0, 60, 10], [0, 0, 10, 5]], np.float32), np.array([0.8, 0.7], np.float32)
    assert compare_boxes(truth, answer) == BoxDifference(pytest.approx(0.5), pytest.approx(0.2))
    assert compare_boxes(truth, truth) == BoxDifference(1.0, 0.0)
    nobody = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    assert compare_boxes(truth, nobody) == BoxDifference(0.0, 1.0)
    assert compare_boxes(nobody, answer) == BoxDifference(1.0, 0.0)
    assert compare_boxes(truth, answer, least_area=101) == BoxDifference(1.0, 0.0)
