"""JPPNet's exports answer as the network does: in float32 and float16, with its own evaluation in the graph, and with
weights that are too large for one file."""

import time
from dataclasses import asdict

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export import exporter
from export.graph import upsample_scores
from export.parity import LIMITS, run_onnx
from export.photos import PORTRAIT, fitted_photos, portrait_views
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.jppnet_rule import fill_by_rule
from tests.helpers.shallow import shallow
from training.checkpoints.checkpoint import Checkpoint
from training.data.adapters.lip import INFO
from training.evaluation.jppnet_protocol import predict_multi_scale
from training.evaluation.protocols import one_pass
from training.labels.lip import LIP
from training.networks.cells import Cells
from training.networks.presets import load_recipe
from training.networks.registry import build_network

SLIM = {"height": 64, "width": 48, "slimming": 16}


def checkpoint_of(network, **network_changes):
    recipe = load_recipe("jppnet-s2")
    recipe = recipe.model_copy(update={"network": recipe.network.model_copy(update=network_changes)})
    return Checkpoint(network or fill_by_rule(build_network(recipe, LIP)), recipe, LIP, asdict(INFO), {})


@pytest.fixture(scope="module")
def slim():
    """A JPPNet of a sixteenth of the channels and fewer blocks for 48 × 64; answers differ from place to place."""
    checkpoint = checkpoint_of(None, **SLIM)
    shallow(checkpoint.network, blocks=1)
    return checkpoint


@pytest.fixture(scope="module")
def exported(slim, tmp_path_factory):
    """Its export, as if a file could hold nothing."""
    path = tmp_path_factory.mktemp("model") / "slim.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "LARGEST_FILE", 0)
        exporter.export(slim, path, data=None)
    return path


@pytest.fixture
def start():
    engines = []

    def start(model):
        engines.append(Engine.start(Settings(model=model, provider="cpu", lanes=1, threads=1, max_batch=1)))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()


class LastStage(torch.nn.Module):
    """The network's answer before anything is read from it."""

    outputs = ("labels", "confidence", "keypoints")

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        stage = self.network(image.permute(0, 3, 1, 2).float())[-1]
        return stage.parsing, stage.pose, stage.pose


def test_scores_and_heat_maps_are_the_networks_own(slim, tmp_path):
    last, photos = LastStage(slim.network), fitted_photos(portrait_views()[:3], slim.recipe.network)
    exporter.write_graph(last, tmp_path / "scores.onnx", 64, 48)
    answers = onnxruntime.InferenceSession(tmp_path / "scores.onnx").run(None, {"image": photos})
    with torch.inference_mode():
        truths = last(torch.from_numpy(photos))
    for ours, theirs in zip(answers, truths, strict=True):
        assert np.linalg.norm(ours - theirs.numpy()) / np.linalg.norm(theirs.numpy()) <= 1e-4


def test_large_weights_lie_beside_the_file_and_are_served_from_there(slim, exported, start):
    assert sorted(path.name for path in exported.parent.iterdir()) == ["slim.md", "slim.onnx", "slim.onnx.data"]
    assert exported.stat().st_size < exported.with_name("slim.onnx.data").stat().st_size
    engine = start(exported)
    assert (engine.card.name, engine.card.fit) == ("slim", "squash")
    photo = cv2.imread(str(PORTRAIT), cv2.IMREAD_COLOR_RGB)[:400, 100:380]
    truth = one_pass(slim, photo)
    mask = engine.analyze_here(cv2.imencode(".png", photo[:, :, ::-1])[1].tobytes(), lambda analysis: analysis.mask)
    assert len(np.unique(truth.labels)) >= 3
    assert (mask == truth.labels).mean() > 0.8  # a letter-boxed photo would give about as much as chance


def test_half_precision_halves_the_file(slim, exported, tmp_path, monkeypatch):
    # Heat maps of made-up weights have no round peaks, so where within its cell a joint lies hangs on the last digits.
    monkeypatch.setitem(LIMITS, "fp16", LIMITS["fp16"]._replace(keypoint=slim.network.stride / 2))
    difference = exporter.export(slim, tmp_path / "half.onnx", data=None, precision="fp16")
    assert difference.label_agreement >= 0.99
    whole = exported.with_name("slim.onnx.data").stat().st_size
    model = onnx.load(tmp_path / "half.onnx")
    kernels = [weight.data_type for weight in model.graph.initializer if len(weight.dims) == 4]
    assert kernels.count(onnx.TensorProto.FLOAT16) == len(kernels) - 1  # all but the blur that joints are read with
    assert sum(weight.ByteSize() for weight in model.graph.initializer) < 0.6 * whole
    assert '"precision": "fp16"' in model.metadata_props[0].value


# tests/export/test_export.py compares the joints of a smaller network every time.
@pytest.mark.slow
def test_the_originals_evaluation_within_the_graph_is_the_protocol(slim, tmp_path):
    exporter.export(slim, tmp_path / "averaged.onnx", data=None, averaged=True)
    photos = fitted_photos(portrait_views()[:3], slim.recipe.network)
    answers = run_onnx(onnxruntime.InferenceSession(tmp_path / "averaged.onnx"), photos)
    for labels, keypoints, photo in zip(answers.labels, answers.keypoints, photos, strict=True):
        truth = predict_multi_scale(slim.network, photo, slim.recipe.network, LIP)
        assert (labels == truth.labels).mean() >= 0.999
        assert (np.abs(keypoints[:, :2] - truth.joints[:, :2]).max(1) <= 1).sum() >= 15
        np.testing.assert_allclose(keypoints[:, 2], truth.joints[:, 2].clip(0, 1), atol=1e-3)


def test_cells_are_enlarged_where_their_pixels_are():
    # Cell i answers for pixel 8·i; half-size cell j lies at pixel 2·j + 0.5.
    ramp = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    row = upsample_scores(ramp, (16, 16), (32, 32), (Cells(8.0, 0.0), Cells(8.0, 0.0)))[0, 0, 0]
    assert row.tolist() == pytest.approx([min((2 * j + 0.5) / 8, 3) for j in range(16)])


@pytest.mark.slow
def test_the_whole_jppnet_is_exported_and_served(filled_network, tmp_path, start):
    """122 million parameters, as its authors built it; prints what it took."""
    began = time.perf_counter()
    difference = exporter.export(checkpoint_of(filled_network), tmp_path / "jppnet.onnx", data=None)
    exported = time.perf_counter()
    engine = start(tmp_path / "jppnet.onnx")
    ready = time.perf_counter()
    mask = engine.analyze_here(PORTRAIT.read_bytes(), lambda analysis: analysis.mask)
    answered = time.perf_counter() - ready
    print(f"export {exported - began:.0f} s, start {ready - exported:.0f} s, answer {answered:.1f} s; {difference}")
    assert mask.shape == (512, 512)
    assert len(np.unique(mask)) > 5
