"""The whole line: what was trained on drawings is exported, and the service answers as the checkpoint does."""

import numpy as np
import pytest
from drawings import trainer, write_tiny_recipe

from export.onnx import export
from service.engine.engine import Engine
from service.settings import Settings
from training.checkpoint import load_checkpoint
from training.labels import LABEL_ID
from training.protocols import one_pass


@pytest.fixture(scope="module")
def served(folder, tmp_path_factory):
    """The checkpoint of a run long enough to tell a dress from the background, and an engine that serves its export."""
    root = tmp_path_factory.mktemp("line")
    trainer(write_tiny_recipe(root / "recipe.toml", epochs=40), folder, root / "run").run()
    checkpoint = load_checkpoint(root / "run" / "best.pt")
    path = root / "drawings.onnx"
    export(checkpoint, path, photos=None)
    engine = Engine.start(Settings(model=path, provider="cpu", lanes=1, threads=1))
    yield checkpoint, engine
    engine.close()


@pytest.mark.parametrize("name", ["0", "3"])
def test_the_service_answers_as_the_checkpoint(served, folder, name):
    checkpoint, engine = served
    image = folder.read(name).image
    truth = one_pass(checkpoint, image)
    photo = (folder.root / "images" / f"{name}.jpg").read_bytes()
    mask, people = engine.analyze_here(photo, lambda analysis: (analysis.mask, analysis.people))
    assert mask.shape == truth.labels.shape == (96, 72)
    dress = LABEL_ID["dress"]
    assert (truth.labels[45:80, 28:45] == dress).mean() > 0.8
    assert (truth.labels[:, :10] == dress).mean() < 0.2
    assert (mask == truth.labels).mean() > 0.97
    sure = truth.joints[:, 2] > 0.3
    assert np.abs(people[0][1].keypoints[sure, :2] - truth.joints[sure, :2]).max(initial=0) < 0.5


def test_the_model_file_says_where_it_comes_from(served):
    _, engine = served
    assert engine.card.training_data.startswith("drawings")
    assert engine.card.metrics["photos"] == 4
