"""Another label set from adapter to service: an ATR of drawings, learnt by a network that knew LIP's labels."""

import cv2
import numpy as np
import pytest

from export.exporter import export
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.drawings import write_tiny_recipe
from tests.helpers.plain_trunk import with_plain_trunk
from training.checkpoints.checkpoint import load_checkpoint
from training.data.adapters.atr import ActiveTemplateRegression
from training.data.preparation import prepare
from training.data.prepared_folder import PreparedFolder
from training.evaluation.evaluator import evaluate
from training.loop.distributed import init_distributed
from training.loop.initial_weights import network_from_checkpoint
from training.loop.trainer import Trainer
from training.networks.presets import load_recipe

BELT = 8
CARD_TEXT = """
name = "dolls"
version = "1"
description = "Knows drawings."
license = "CC0"
limits = ["It knows nothing else."]
"""


@pytest.fixture(scope="module")
def atr(tmp_path_factory):
    """Four drawings of a dress (7) with a belt (8) and one left shoe (9), prepared."""
    root = tmp_path_factory.mktemp("atr")
    for name in ("JPEGImages", "SegmentationClassAug"):
        (root / name).mkdir()
    for number in range(4):
        image, labels = np.full((96, 72, 3), 90 + 20 * number, np.uint8), np.zeros((96, 72), np.uint8)
        for label, top, bottom, gray in ((7, 20, 85, 20), (BELT, 45, 52, 250), (9, 85, 95, 160)):
            labels[top:bottom, 20:50] = label
            image[top:bottom, 20:50] = gray
        cv2.imwrite(str(root / "JPEGImages" / f"{number}.jpg"), image)
        cv2.imwrite(str(root / "SegmentationClassAug" / f"{number}.png"), labels)
    for split in ("train", "val"):
        (root / f"{split}_id.txt").write_text("0\n1\n2\n3\n")
    assert prepare(ActiveTemplateRegression(root), root / "prepared") == []
    return PreparedFolder(root / "prepared")


@pytest.fixture(scope="module")
def run(atr, finished, tmp_path_factory):
    """A short run that begins with the weights that learnt LIP's labels."""
    root = tmp_path_factory.mktemp("atr-run")
    recipe = load_recipe(str(write_tiny_recipe(root / "recipe.toml", epochs=2)))
    network, other = network_from_checkpoint(finished / "best.pt", recipe, atr.label_set)
    Trainer(network, recipe, atr, root, init_distributed(recipe.run.timeout)).run()
    return root, other


def test_only_what_speaks_of_labels_begins_anew(run):
    _, other = run
    assert other
    assert all("parsing.1" in name or ".join." in name for name in other)


def test_the_prepared_folder_says_what_its_labels_are(atr):
    assert atr.label_set.labels[BELT].name == "belt"
    assert (atr.root / "labels.toml").exists()


def test_a_checkpoint_measures_only_what_speaks_of_the_same_labels(run, atr, folder):
    checkpoint = load_checkpoint(run[0] / "best.pt")
    figures = evaluate(checkpoint, atr, atr.names("val"))
    assert {"mean_iou_18", "mean_iou_7"} <= set(figures)
    assert list(figures["label_iou"]) == list(atr.label_set.colors)
    assert "pckh" not in figures
    with pytest.raises(ValueError, match="the checkpoint has ATR's labels and joints, the data have LIP's"):
        evaluate(checkpoint, folder, folder.names("val"))


def test_the_service_serves_it(run, atr, tmp_path):
    (tmp_path / "card-text.toml").write_text(CARD_TEXT)
    checkpoint = load_checkpoint(run[0] / "best.pt")
    with_plain_trunk(checkpoint.network)  # less to trace
    export(checkpoint, tmp_path / "dolls.onnx", data=None, card_text=tmp_path / "card-text.toml")
    assert "# dolls 1" in (tmp_path / "dolls.md").read_text()
    engine = Engine.start(Settings(model=tmp_path / "dolls.onnx", provider="cpu", lanes=1, threads=1, max_batch=1))
    try:
        assert [label.name for label in engine.card.labels] == list(atr.label_set.colors)
        assert engine.card.label_flip_pairs == [(9, 10), (12, 13), (14, 15)]
        photo = (atr.root / "images" / "0.jpg").read_bytes()
        assert engine.analyze_here(photo, lambda analysis: analysis.mask).shape == (96, 72)
    finally:
        engine.close()


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "JPEGImages").mkdir()
    with pytest.raises(FileNotFoundError, match=r"SegmentationClassAug, train_id\.txt, val_id\.txt"):
        ActiveTemplateRegression(tmp_path)
