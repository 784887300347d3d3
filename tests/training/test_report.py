"""The page about the model says what runs measured, and nothing else."""

import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.helpers.commands import run_command
from training.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from training.data.sample import DatasetInfo
from training.evaluation.reliability_report import ReliabilityReport


@pytest.fixture(scope="module")
def tier(finished, folder, tmp_path_factory):
    """A finished run with its calibration beside it."""
    run = tmp_path_factory.mktemp("runs") / "drawn"
    shutil.copytree(finished, run)
    run_command("training.calibrate", run / "best.pt", "--data", folder.root, "--out", run / "calibration.json")
    return run


@pytest.fixture(scope="module")
def labels_alone(finished, tmp_path_factory):
    """What a run would leave that learnt no joints: the weights do not matter here."""
    run = tmp_path_factory.mktemp("ablation") / "labels-alone"
    shutil.copytree(finished, run)
    checkpoint = load_checkpoint(run / "best.pt")
    recipe = checkpoint.recipe.model_copy(update={"loss": checkpoint.recipe.loss.model_copy(update={"pose": 0.0})})
    save_checkpoint(
        replace(checkpoint, recipe=recipe, metrics=checkpoint.metrics | {"mean_iou": 0.125}), run / "best.pt"
    )
    return run


@pytest.fixture(scope="module")
def rendered(folder, tmp_path_factory):
    """The drawings, under the name of pictures that may be shown."""
    root = tmp_path_factory.mktemp("rendered") / "data"
    shutil.copytree(folder.root, root)
    info = DatasetInfo("rendered people", "free to use", "training.synthesize, seed 3")
    (root / "dataset.json").write_text(json.dumps({"name": info.name, "licence": info.licence, "source": info.source}))
    return root


@pytest.fixture(scope="module")
def docs(tier, labels_alone, rendered, tmp_path_factory):
    out = tmp_path_factory.mktemp("docs")
    run_command("training.report", tier, "--ablation", tier, labels_alone, "--rendered", rendered, "--out", out)
    return out


def rows(page, start):
    """Cells of the table rows that begin with a word."""
    lines = [line for line in page.splitlines() if line.startswith(f"| {start} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_figures_are_those_of_the_checkpoint(docs, tier):
    metrics = load_checkpoint(tier / "best.pt").metrics
    figures, recipe, *_ = rows((docs / "model.md").read_text(), "drawn")
    keys = ("mean_iou", "mean_iou_7", "pixel_accuracy", "pckh")
    assert figures == ["drawn", "4", *(f"{100 * metrics[key]:.1f}" for key in keys)]
    assert recipe[2:] == ["64×64", "3.3 M", "Look into Person (LIP)", "4 × 2"]


def test_an_ablation_says_what_differs_and_is_silent_on_what_was_not_learnt(docs):
    ((_, differs, mean_iou, *_, pckh),) = rows((docs / "model.md").read_text(), "labels-alone")
    assert (differs, mean_iou, pckh) == ("`loss.pose = 0.0`", "12.5", "–")


def test_the_calibration_is_that_of_the_run(docs, tier):
    record = json.loads((tier / "calibration.json").read_text())
    page = (docs / "model.md").read_text()
    before, after = (ReliabilityReport.read(record[when]) for when in ("before", "after"))
    name = max(after.label, key=lambda name: sum(after.label[name].count))
    ((_, errors),) = rows(page, name)
    assert errors == f"{100 * before.label[name].error:.1f} → {100 * after.label[name].error:.1f}"
    assert rows(page, "glove") == []  # which no pixel was given
    assert f"{record['calibration']['temperature']:.2f}" in page


def test_every_picture_is_there_small_and_on_the_page(docs):
    page, files = (docs / "model.md").read_text(), sorted((docs / "images").iterdir())
    assert [file.name for file in files] == [
        "answers-drawn.jpg", "calibration-drawn.png", "curves.png", "portrait-drawn.jpg",
    ]  # fmt: skip
    for file in files:
        assert f"](images/{file.name})" in page
        assert file.stat().st_size < 200_000
        assert len(np.unique(cv2.imread(str(file)))) > 10


def test_without_runs_a_chapter_is_missing(finished, tmp_path):
    run_command("training.report", finished, "--out", tmp_path)
    page = (tmp_path / "model.md").read_text()
    assert "## Confidence" not in page
    assert "blation" not in page
    assert [file.name for file in sorted((tmp_path / "images").iterdir())] == [
        "curves.png",
        f"portrait-{finished.name}.jpg",
    ]


def test_without_any_log_there_are_no_curves(finished, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    shutil.copy(finished / "best.pt", made)
    run_command("training.report", made, "--out", tmp_path)
    assert "curves.png" not in (tmp_path / "model.md").read_text()
    assert not (tmp_path / "images" / "curves.png").exists()


def test_what_was_made_of_runs_has_no_curves_of_its_own(tier, tmp_path):
    made = tmp_path / "made"
    shutil.copytree(tier, made)
    (made / "log.jsonl").unlink()
    run_command("training.report", tier, made, "--out", tmp_path / "docs")
    page = (tmp_path / "docs" / "model.md").read_text()
    assert [row[0] for row in rows(page, "made")] == ["made"] * 3  # figures, recipe, confidence
    run_command("training.report", tier, "--out", tmp_path / "alone")
    both, isolated = (cv2.imread(str(tmp_path / out / "images" / "curves.png")) for out in ("docs", "alone"))
    assert np.array_equal(both, isolated)


def test_pictures_that_are_not_free_do_not_get_onto_the_page(finished, folder, tmp_path):
    with pytest.raises(SystemExit, match="Look into Person"):
        run_command("training.report", finished, "--rendered", folder.root, "--out", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_calibration_of_other_weights_is_refused(tier, labels_alone, tmp_path):
    run = tmp_path / "went-on"
    shutil.copytree(labels_alone, run)
    shutil.copyfile(tier / "calibration.json", run / "calibration.json")
    with pytest.raises(SystemExit, match=r"other weights.*training\.calibrate again"):
        run_command("training.report", run, "--out", tmp_path / "docs")


def test_a_sheet_is_the_same_for_the_same_seed(finished, folder, tmp_path):
    for name in ("a.jpg", "b.jpg"):
        run_command("training.prediction_grid", finished / "best.pt", "--data", folder.root, "--out", tmp_path / name)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
