"""A checkpoint becomes a file that answers as it does and says what it is; or nothing is written."""

import base64
import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export import exporter, parity
from export.card import KEY, page
from export.exporter import export
from export.graph import LABELS_STRIDE, DeployableGraph
from export.parity import LIMITS
from export.photos import PORTRAIT, fitted_photos, fitted_portrait, portrait_views
from export.quantize import network_nodes
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.commands import run_command
from tests.helpers.drawings import draw_people
from tests.helpers.plain_trunk import with_plain_trunk
from tests.helpers.serving import serving
from tests.helpers.shallow import shallow
from tests.helpers.traced_once import traced_once
from training.checkpoints.checkpoint import Checkpoint
from training.data.adapters.ccp import INFO
from training.evaluation.jppnet_protocol import predict_multi_scale
from training.labels.lip import LIP
from training.networks.network import Network
from training.networks.presets import load_recipe
from training.networks.registry import build_network
from training.networks.stage import Stage

METRICS = {
    "photos": 3,
    "mean_iou": 0.5,
    "mean_iou_7": 0.7,
    "pixel_accuracy": 0.9,
    "pckh": 0.8,
    "label_iou": {"hat": float("nan"), "hair": 0.6},
    "joint_pckh": {"pelvis": 1.0},
}


def light_checkpoint(refinements, reduce):
    """A light network at 64 × 64, of as few layers as ``reduce`` leaves, whose answers differ from place to place."""
    torch.manual_seed(0)
    recipe = load_recipe("lite")
    changes = {"height": 64, "width": 64, "refinements": refinements}
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=changes)})
    network = build_network(recipe, LIP)
    network.load_pretrained(None)
    reduce(network)
    for heads in (network.heads, *network.changes, network.finish.heads):
        for branch in (heads.parsing, heads.pose):
            torch.nn.init.normal_(branch[-1].weight, std=0.1)
    return Checkpoint(network.eval(), recipe, LIP, asdict(INFO), METRICS)


class OneConvolution(Network):
    """A network of one stage, and one convolution a task, that takes any size."""

    stride, origin, multiple = 8, 0.0, 1

    def __init__(self):
        super().__init__()
        self.parsing, self.pose = (torch.nn.Conv2d(3, len(names), 8, 8) for names in (LIP.labels, LIP.joints))

    def forward(self, images):
        return [Stage(self.parsing(images), self.pose(images))]

    def load_pretrained(self, file):
        raise NotImplementedError

    def pretrained_parameters(self):
        return []


@pytest.fixture(scope="module", autouse=True)
def _traced_once(tmp_path_factory):
    with traced_once(exporter, tmp_path_factory.mktemp("traced")):
        yield


@pytest.fixture(scope="module")
def checkpoint():
    return light_checkpoint(2, shallow)


@pytest.fixture(scope="module")
def exported(checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    difference = export(checkpoint, path, data=None)
    return path, difference


@pytest.fixture(scope="module")
def card(exported):
    properties = {entry.key: entry.value for entry in onnx.load(exported[0]).metadata_props}
    return json.loads(properties[KEY])


def test_the_file_answers_as_the_checkpoint_at_every_batch(exported, checkpoint):
    path, difference = exported
    assert difference.label_agreement > 0.999
    session = onnxruntime.InferenceSession(str(path))
    graph = DeployableGraph(checkpoint.network)
    photos = fitted_photos(portrait_views(), checkpoint.recipe.network)
    for count in (1, 3, 5):
        ours, theirs = parity.run_torch(graph, photos[:count]), parity.run_onnx(session, photos[:count])
        assert theirs.labels.shape == (count, 64 // LABELS_STRIDE, 64 // LABELS_STRIDE)
        assert theirs.keypoints.shape == (count, 16, 3)
        assert len(np.unique(theirs.labels)) > 3
        np.testing.assert_allclose(theirs.keypoints[..., 2], ours.keypoints[..., 2], rtol=1e-4, atol=1e-5)


def test_the_graph_takes_bytes_and_gives_bytes(exported):
    session = onnxruntime.InferenceSession(str(exported[0]))
    (image,) = session.get_inputs()
    assert (image.name, image.type) == ("image", "tensor(uint8)")
    assert image.shape[1:] == [64, 64, 3]
    assert isinstance(image.shape[0], str)
    assert [(output.name, output.type) for output in session.get_outputs()] == [
        ("labels", "tensor(uint8)"),
        ("confidence", "tensor(uint8)"),
        ("keypoints", "tensor(float)"),
    ]


def test_the_card_says_what_a_service_must_know(card):
    assert card["schema"] == 1
    assert card["labels"][13] == {"id": 13, "name": "face", "color": [0, 0, 255]}
    assert card["joints"][9] == "head-top"
    assert card["joint_flip_pairs"][0] == [0, 5]
    assert card["fit"] == "letterbox"
    assert card["metrics"]["label_iou"] == {"hair": 0.6}
    assert "Clothing Co-Parsing" in card["training_data"]


def test_the_file_says_nothing_of_the_machine_that_wrote_it(exported):
    assert str(Path(torch.__file__).parent).encode() not in exported[0].read_bytes()
    assert not any(node.metadata_props for node in onnx.load(exported[0]).graph.node)


def test_the_golden_sample_comes_back(exported, card, checkpoint):
    golden = card["golden"]

    def picture(field):
        return cv2.imdecode(np.frombuffer(base64.b64decode(golden[field]), np.uint8), cv2.IMREAD_UNCHANGED)

    image = cv2.cvtColor(picture("image"), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(image, fitted_portrait(checkpoint.recipe.network))
    answers = parity.run_onnx(onnxruntime.InferenceSession(str(exported[0])), image[None])
    assert (answers.labels[0] == picture("labels")).mean() >= golden["min_label_agreement"]


def test_the_card_is_a_page_too(exported, card):
    assert exported[0].with_suffix(".md").read_text() == page(card)
    assert "| mIoU, 7 merged parts | 70.0 |" in page(card)
    assert "## Limits" in page(card)


def test_a_file_that_disagrees_is_not_written(checkpoint, tmp_path, monkeypatch):
    def ask_a_shifted_network(session, images):
        answers = honest(session, images)
        return answers._replace(labels=np.roll(answers.labels, 3, axis=2))

    honest = parity.run_onnx
    monkeypatch.setattr(parity, "run_onnx", ask_a_shifted_network)
    with pytest.raises(parity.ParityError, match="disagree"):
        export(checkpoint, tmp_path / "wrong.onnx", data=None)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A prepared folder of drawn people."""
    return draw_people(tmp_path_factory.mktemp("people"))


def kernels_of(path):
    """A file's kernels in 8 bits: those of one channel each, and the others."""
    stored = [t for t in onnx.load(path).graph.initializer if t.data_type == onnx.TensorProto.INT8 and len(t.dims) == 4]
    kernels = [onnx.numpy_helper.to_array(kernel) for kernel in stored]
    return [k for k in kernels if k.shape[1] == 1], [k for k in kernels if k.shape[1] > 1]


def convolutions(network):
    return [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]


def largest(kernels):
    return max(int(np.abs(kernel.astype(int)).max()) for kernel in kernels)


class TestEightBits:
    @pytest.fixture(scope="class")
    @classmethod
    def quantised(cls, checkpoint, people, tmp_path_factory):
        """A network that learnt nothing gives noise, whose peaks lie anywhere after rounding; its labels hold."""
        path = tmp_path_factory.mktemp("int8") / "tiny.int8.onnx"
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(LIMITS, "int8", parity.Difference(0.8, confidence=128, keypoint=99, score=1))
            return path, export(checkpoint, path, people, precision="int8")

    def test_weights_are_bytes_and_answers_are_floats(self, quantised, exported, checkpoint):
        model = onnx.load(quantised[0])
        kernels = {node.input[1] for node in model.graph.node if node.op_type == "DequantizeLinear"}
        assert len(kernels) > len(convolutions(checkpoint.network)) > 30
        assert quantised[0].stat().st_size < 0.4 * exported[0].stat().st_size
        after_soft_max = {"Softmax", "ArgMax", "ReduceMax", "Log"}
        assert after_soft_max <= {node.op_type for node in model.graph.node}

    def test_weights_take_7_bits_so_that_no_cpu_saturates(self, quantised, checkpoint):
        _, others = kernels_of(quantised[0])
        first = 4  # the stem and what widens and narrows in the next two blocks stay in float32
        assert len(others) == sum(conv.groups == 1 for conv in convolutions(checkpoint.network)) - first
        assert largest(others) == 64

    def test_depth_wise_they_take_8_bits(self, quantised, checkpoint):
        depthwise, _ = kernels_of(quantised[0])
        first = 2  # those of the first two blocks stay in float32
        assert len(depthwise) == sum(conv.groups > 1 for conv in convolutions(checkpoint.network)) - first
        assert largest(depthwise) == 127

    def test_it_answers_nearly_as_the_checkpoint_or_is_not_written(
        self, quantised, checkpoint, people, tmp_path, monkeypatch
    ):
        assert quantised[1].label_agreement < 1
        monkeypatch.setitem(LIMITS, "int8", LIMITS["int8"]._replace(label_agreement=1))
        with pytest.raises(parity.ParityError, match="disagree"):
            export(checkpoint, tmp_path / "tiny.int8.onnx", people, precision="int8")
        assert list(tmp_path.iterdir()) == []

    def test_its_card_says_so_with_its_own_figures(self, quantised):
        (entry,) = onnx.load(quantised[0]).metadata_props
        card = json.loads(entry.value)
        assert card["precision"] == "int8"
        assert card["metrics"]["photos"] == 4
        assert card["metrics"] != METRICS

    def test_only_the_network_is_quantised(self, exported, checkpoint):
        model = onnx.load(exported[0])
        nodes = {node.name: node for node in model.graph.node}
        parameters = {f"network.{name}" for name in checkpoint.network.state_dict()}
        inside = network_nodes(model, parameters)
        assert {nodes[name].op_type for name in inside} >= {"Conv", "Clip", "Relu"}
        assert not {"ArgMax", "Log"} & {nodes[name].op_type for name in inside}

    def test_photos_to_calibrate_on_are_needed(self, checkpoint, tmp_path):
        with pytest.raises(ValueError, match="name a prepared folder with --data"):
            export(checkpoint, tmp_path / "tiny.int8.onnx", None, precision="int8")


def test_weights_in_half_precision_halve_the_file_and_answer_the_same(checkpoint, exported, tmp_path):
    difference = export(checkpoint, tmp_path / "tiny.onnx", None, half_weights=True)
    assert (tmp_path / "tiny.onnx").stat().st_size < 0.6 * exported[0].stat().st_size
    assert difference.label_agreement > parity.HALF_WEIGHTS.label_agreement


def test_measuring_prints_a_row_a_file(exported, people, capsys, monkeypatch):
    run_command("export.measure", exported[0], "--data", people.root)
    row = capsys.readouterr().out.splitlines()[-1].split(" | ")
    assert row[:2] == ["| tiny.onnx", "fp32"]
    assert float(row[3]) > 0
    assert 0 <= float(row[6]) <= 100


class TestOneTask:
    """`--only pose` and `--only parse`: a file of one task from a checkpoint that knows both."""

    @pytest.fixture(scope="class")
    @classmethod
    def checkpoint(cls):
        """A network without refinement."""
        return light_checkpoint(0, with_plain_trunk)

    @pytest.fixture(scope="class")
    @classmethod
    def exported(cls, checkpoint, tmp_path_factory):
        """The file for both."""
        path = tmp_path_factory.mktemp("short") / "short.onnx"
        return path, export(checkpoint, path, data=None)

    def test_a_network_without_refinement_is_exported_as_well(self, exported):
        assert exported[1].label_agreement > 0.999

    @pytest.fixture(scope="class")
    @classmethod
    def files(cls, checkpoint, people, tmp_path_factory):
        folder = tmp_path_factory.mktemp("one-task")
        for task in ("parse", "pose"):
            export(checkpoint, folder / f"{task}.onnx", people, only=task)
        return folder

    @pytest.mark.parametrize(("task", "outputs"), [("parse", ["labels", "confidence"]), ("pose", ["keypoints"])])
    def test_its_outputs_are_those_of_the_file_for_both(self, files, exported, checkpoint, task, outputs):
        one, both = (onnxruntime.InferenceSession(str(path)) for path in (files / f"{task}.onnx", exported[0]))
        assert [output.name for output in one.get_outputs()] == outputs
        photos = {"image": fitted_photos(portrait_views()[:3], checkpoint.recipe.network)}
        for ours, theirs in zip(one.run(outputs, photos), both.run(outputs, photos), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-3)

    @pytest.mark.parametrize("task", ["parse", "pose"])
    def test_what_only_the_other_needs_is_not_in_it(self, files, exported, task):
        assert len(onnx.load(files / f"{task}.onnx").graph.node) < len(onnx.load(exported[0]).graph.node)

    def test_the_cards_speak_of_their_own_task(self, files):
        parse, pose = (card_of(files / f"{task}.onnx") for task in ("parse", "pose"))
        assert parse["joints"] == parse["skeleton"] == pose["labels"] == pose["label_flip_pairs"] == []
        assert (len(parse["labels"]), len(pose["joints"])) == (20, 16)
        assert (parse["description"], pose["description"]) == (
            "Human parsing: 20 labels (LIP).", "Human pose: 16 joints (LIP).",
        )  # fmt: skip
        assert set(pose["golden"]) == {"image", "keypoints", "max_keypoint_distance"}
        assert {"photos", "mean_iou_20", "label_iou"} <= set(parse["metrics"])
        assert not [name for name in parse["metrics"] if "pckh" in name]
        assert set(pose["metrics"]) == {"photos", "pckh", "pckh_upper_body", "joint_pckh"}
        assert "| joint | PCKh % |" in (files / "pose.md").read_text()

    def test_a_card_without_data_has_the_checkpoints_figures_of_its_task(self, checkpoint, tmp_path):
        export(checkpoint, tmp_path / "pose.onnx", None, only="pose")
        assert card_of(tmp_path / "pose.onnx")["metrics"] == {"photos": 3, "pckh": 0.8, "joint_pckh": {"pelvis": 1.0}}

    def test_the_service_answers_pose_and_says_why_there_is_no_mask(self, files, exported):
        photo = PORTRAIT.read_bytes()
        people = []
        for file in (files / "pose.onnx", exported[0]):
            settings = Settings(model=file, provider="cpu", lanes=1, threads=1, max_batch=1, closer_look=False)
            with serving(Engine.start(settings), settings) as client:
                people.append(client.post("/pose?people=one", content=photo).json()["people"])
                masked = client.post("/parse", content=photo)
                assert masked.status_code == (404 if len(people) == 1 else 200)
        ours, theirs = ([[joint["x"], joint["y"]] for joint in found[0]["keypoints"]] for found in people)
        np.testing.assert_allclose(ours, theirs, atol=0.1)

    def test_augmented_at_three_scales(self, tmp_path):
        torch.manual_seed(0)
        recipe = load_recipe("jppnet-s2")
        changes = {"height": 64, "width": 48}
        recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=changes)})
        plain = Checkpoint(OneConvolution().eval(), recipe, LIP, asdict(INFO), {})
        export(plain, tmp_path / "pose.onnx", None, averaged=True, only="pose")
        session = onnxruntime.InferenceSession(str(tmp_path / "pose.onnx"))
        (output,) = session.get_outputs()
        assert (output.name, output.shape[1:]) == ("keypoints", [16, 3])
        photos = fitted_photos(portrait_views()[:3], recipe.network)
        for keypoints, photo in zip(session.run(None, {"image": photos})[0], photos, strict=True):
            truth = predict_multi_scale(plain.network, photo, recipe.network, LIP).joints
            assert (np.abs(keypoints[:, :2] - truth[:, :2]).max(1) <= 1).sum() >= 15
            np.testing.assert_allclose(keypoints[:, 2], truth[:, 2].clip(0, 1), atol=1e-3)

    def test_pose_of_a_parser_is_refused(self, checkpoint, tmp_path):
        parser = replace(checkpoint, label_set=LIP.without_joints())
        with pytest.raises(ValueError, match="knows no joints: it is for parsing alone"):
            export(parser, tmp_path / "pose.onnx", None, only="pose")
        assert list(tmp_path.iterdir()) == []


def card_of(path):
    return json.loads({entry.key: entry.value for entry in onnx.load(path).metadata_props}[KEY])
