"""The whole line: a LIP of drawings is prepared, learnt, measured and exported, and the service answers as the
checkpoint does; with the light network and with JPPNet."""

import json

import numpy as np
import pytest

from export.exporter import export
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.drawings import trainer, write_tiny_recipe
from tests.helpers.shallow import shallow
from training.checkpoints.checkpoint import load_checkpoint
from training.evaluation.evaluator import evaluate
from training.evaluation.protocols import PROTOCOLS, one_pass
from training.labels.lip import LABEL_ID


@pytest.fixture(scope="module")
def learnt_lite(folder, tmp_path_factory):
    """The folder of a run that is long enough to tell a dress from the background."""
    root = tmp_path_factory.mktemp("line")
    trainer(write_tiny_recipe(root / "recipe.toml", epochs=8, batch=1), folder, root / "run").run()
    return root / "run"


@pytest.fixture(scope="module", params=["learnt_lite", "finished_jppnet"])
def served(request, tmp_path_factory):
    """The run, its checkpoint, and an engine that serves its export."""
    run = request.getfixturevalue(request.param)
    checkpoint = load_checkpoint(run / "best.pt")
    # Fewer to trace than ResNet-101's 33 or EfficientNet's 16; what is left still answers from what it learnt.
    shallow(checkpoint.network, blocks=2 if request.param == "finished_jppnet" else 1)
    path = tmp_path_factory.mktemp("model") / "drawings.onnx"
    export(checkpoint, path, data=None)
    engine = Engine.start(Settings(model=path, provider="cpu", lanes=1, threads=1, max_batch=1))
    yield run, checkpoint, engine
    engine.close()


def test_the_loss_falls(served):
    run, _, _ = served
    losses = [json.loads(line)["losses"]["total"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", ["4", "7"])
def test_the_service_answers_as_the_checkpoint(served, folder, name):
    _, checkpoint, engine = served
    truth = one_pass(checkpoint, folder.read(name).image)
    photo = (folder.root / "images" / f"{name}.jpg").read_bytes()
    mask, people = engine.analyze_here(photo, lambda analysis: (analysis.mask, analysis.people))
    assert mask.shape == truth.labels.shape == (96, 72)
    assert (mask == truth.labels).mean() > 0.97
    sure = truth.joints[:, 2] > 0.3
    if sure.any():
        inside = truth.joints[sure, :2].clip(0, (71, 95))  # the service gives no joint outside the photo
        assert np.abs(people[0][1].keypoints[sure, :2] - inside).max() < 0.1


def test_the_drawings_were_learnt(learnt_lite, folder):
    labels = one_pass(load_checkpoint(learnt_lite / "best.pt"), folder.read("4").image).labels
    assert (labels[45:80, 28:45] == LABEL_ID["dress"]).mean() > 0.8
    assert (labels[:, :10] == LABEL_ID["dress"]).mean() < 0.2


def test_both_protocols_measure_a_checkpoint(finished_jppnet, folder):
    checkpoint = load_checkpoint(finished_jppnet / "best.pt")
    figures = [
        evaluate(checkpoint, folder, folder.names("val"), predict) for predict in (one_pass, PROTOCOLS["jppnet"])
    ]
    assert figures[0]["pixel_accuracy"] == pytest.approx(checkpoint.metrics["pixel_accuracy"])
    assert [figure["photos"] for figure in figures] == [4, 4]
    assert figures[0].keys() == figures[1].keys()


def test_the_model_file_says_where_it_comes_from(served):
    _, checkpoint, engine = served
    assert engine.card.training_data.startswith("Look into Person")
    assert engine.card.metrics["photos"] == 4
    assert engine.card.fit == checkpoint.recipe.network.fit
