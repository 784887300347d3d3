"""The page docs/model.md: figures, ablation, confidence and sample predictions of training runs."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from training.checkpoints.calibration import Calibration
from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import read_image
from training.errors.input_error import InputError
from training.evaluation.evaluator import figure_titles
from training.evaluation.protocols import one_pass
from training.evaluation.reliability import Reliability
from training.evaluation.reliability_report import SUMMARY, ReliabilityReport
from training.networks.recipe import Recipe
from training.recipes.differences import differences
from training.reporting.overlay import overlay
from training.reporting.picture_files import write_jpeg
from training.reporting.plots import curves_plot, reliability_plot
from training.reporting.prediction_grid import drawn_samples, prediction_grid
from training.reporting.run import Run

PORTRAIT = Path(__file__).parents[2] / "export" / "astronaut.jpg"

SEED = 1
"""Seed of the samples that are shown."""

INTRODUCTION: Final = """\
# The model

How the models were trained, what they measure and how far their scores can be trusted. This page is written by
`.venv/bin/python -m training.report` from the runs' own logs and checkpoints.

The light network (`training/networks/lite/`) predicts labels and joints together. A pretrained trunk (MoveNet, trained
on people's joints, or EfficientNet-Lite0, trained on ImageNet) extracts features from the photo and a decoder merges
them; one head scores the labels, and one predicts a heat map for every joint. As in JPPNet (Liang et al., T-PAMI 2018),
refinement stages then read the features together with the last predictions of both tasks, so that each task corrects
the other. The last stage predicts on a finer grid. Every stage is supervised: labels by cross-entropy, in the last
stage also by Lovász-Softmax; joints by Gaussian heat maps.

`jppnet-lite` is one such network, on EfficientNet-Lite0's trunk; `jppnet-base` is an ensemble of two, one on MoveNet
Thunder's and one on EfficientNet-Lite0's, at a larger input: its prediction is the mean of theirs. Both were trained in
stages ([training.md](training.md#the-two-models)); [stages.md](stages.md) has the others, with their curves.
"""

ABLATION: Final = """\
## Ablation

Effect of refinement, of learning both tasks together, and of photos without labels: small runs
(`training/presets/ablation.toml`: the light network at 128×160, some 250 steps) that differ in one line each. They do
not show the accuracy of a fully trained model.

```sh
make ablation
```
"""

CONFIDENCE: Final = """\
## Confidence

Of all pixels or joints with a score of 0.8, eight in ten should be right. The expected calibration error (ECE, Guo et
al., ICML 2017) is the difference between score and accuracy, averaged over all predictions in 15 bins of the score.
`training.calibrate` fits three numbers that become part of the checkpoint: a temperature for the label scores, and a
logistic map of the log-odds of joint scores (Platt, 1999); one map for each joint would overfit. They are fitted on
every second photo of the validation split, and all figures here are of the others. They hold for photos like these: on
harder ones the same score is less often right.

*pixels*: all with a known label, at the photo's own size. *parts*: those with a predicted label other than the
background; the temperature is fitted on these, since the background is most of every photo and easy. *joints*: right
within half a head size (PCKh).
"""


def page(runs: Sequence[Run], ablation: Sequence[Run], rendered: PreparedFolder | None) -> str:
    """The page as Markdown; ``draw`` writes its pictures."""
    parts = [INTRODUCTION, *_figures(runs), *_ablation(ablation), *_confidence(runs)]
    return "\n".join([*parts, *_predictions(runs, rendered)])


def draw(runs: Sequence[Run], rendered: PreparedFolder | None, images: Path) -> None:
    """Write all pictures of the page into a folder."""
    images.mkdir(parents=True, exist_ok=True)
    if logs := {run.name: run.log for run in runs if run.log}:
        curves_plot(logs, _titles(runs[0]), images / "curves.png")
    portrait = read_image(PORTRAIT)
    for run in runs:
        if run.calibration:
            before, after = run.before_and_after
            pairs = {name: (getattr(before, name), getattr(after, name)) for name in SUMMARY}
            reliability_plot(pairs, images / f"calibration-{run.name}.png")
        prediction = one_pass(run.checkpoint, portrait)
        write_jpeg(
            overlay(portrait, prediction.labels, prediction.joints, run.checkpoint.label_set),
            images / f"portrait-{run.name}.jpg",
        )
        if rendered:
            sheet = prediction_grid(run.checkpoint, rendered, rendered.names("val"), SEED, drawn_samples)
            write_jpeg(sheet, images / f"answers-{run.name}.jpg")


def _titles(run: Run) -> dict[str, str]:
    """The metrics on the page, with their titles; those that are nearly the same as another are left out."""
    titles = figure_titles(run.checkpoint.label_set)
    merged = f"mean_iou_{len(run.checkpoint.label_set.merged)}"
    return {key: titles[key] for key in ("mean_iou", merged, "pixel_accuracy", "pckh") if key in titles}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _figures(runs: Sequence[Run]) -> Iterator[str]:
    titles = _titles(runs[0])
    yield "## Figures\n"
    yield "In per cent, on the validation photos, whole and at their own size; of each run's best weights.\n"
    yield _table(["run", "photos", *titles.values()], (_figure_row(run, titles) for run in runs))
    yield _table(
        ["run", "recipe", "input", "parameters", "trained on", "epochs × batch"], (_recipe_row(run) for run in runs)
    )
    if any(run.log for run in runs):
        yield "![Loss and validation figures by epoch](images/curves.png)\n"


def _figure_row(run: Run, titles: Iterable[str]) -> list[str]:
    metrics, learnt = run.checkpoint.metrics, _learnt(run.checkpoint.recipe, titles)
    return [
        run.name,
        str(metrics["photos"]),
        *(f"{100 * metrics[key]:.1f}" if key in learnt else "–" for key in titles),
    ]


def _learnt(recipe: Recipe, figures: Iterable[str]) -> set[str]:
    """Those of the metrics whose task has a weight in the recipe's loss."""
    parsing, pose = recipe.task_weights
    return {key for key in figures if (pose if key.startswith("pckh") else parsing) > 0}


def _recipe_row(run: Run) -> list[str]:
    checkpoint, recipe = run.checkpoint, run.checkpoint.recipe
    parameters = sum(value.numel() for value in checkpoint.network.parameters()) / 1e6
    size, schedule = f"{recipe.network.width}×{recipe.network.height}", recipe.schedule
    length = f"{schedule.epochs} × {schedule.batch}"
    return [run.name, recipe.description, size, f"{parameters:.1f} M", checkpoint.data["name"], length]


def _ablation(runs: Sequence[Run]) -> Iterator[str]:
    if not runs:
        return
    reference, titles = runs[0], _titles(runs[0])
    yield ABLATION
    yield (
        f"Against `{reference.name}`; in per cent. A row is one run with one seed. Two rows in which nothing differs "
        "say that the same seed gives the same run, and nothing about noise; rows with another `schedule.seed` show "
        "how much a seed alone moves the figures. Differences that are not clearly larger say little.\n"
    )
    rows = [
        [run.name, what_differs(reference.checkpoint, run.checkpoint), *_figure_row(run, titles)[2:]] for run in runs
    ]
    yield _table(["run", "what differs", *titles.values()], rows)


def what_differs(reference: Checkpoint, other: Checkpoint) -> str:
    """The keys of recipe and data that differ from the reference, as a table's cell."""
    found = differences(reference.recipe, other.recipe)
    changed = [f"`{change.key} = {change.after}`" for change in found if change.key != "description"]
    if other.data != reference.data:
        changed.append(f"trained on {other.data['name']} ({other.data['source']})")
    return ", ".join(changed) or "nothing"


def _confidence(runs: Sequence[Run]) -> Iterator[str]:
    calibrated = [run for run in runs if run.calibration]
    if not calibrated:
        return
    yield CONFIDENCE
    head = ["run", "photos of", "fitted, measured on", "temperature", "slope, offset", *(f"ECE, {n}" for n in SUMMARY)]
    yield _table(head, (_calibration_row(run) for run in calibrated))
    yield "ECE in per cent, as the network says it → calibrated. For each label, at the pixels that were given it:\n"
    pairs = {run.name: run.before_and_after for run in calibrated}
    given = [name for name in calibrated[0].checkpoint.label_set.label_id if _is_predicted(name, pairs.values())]
    yield _table(
        ["label", *pairs],
        ([label, *(_change(old.label[label], new.label[label]) for old, new in pairs.values())] for label in given),
    )
    for run in calibrated:
        yield f"![Reliability diagrams of {run.name}](images/calibration-{run.name}.png)\n"


def _is_predicted(label: str, pairs: Iterable[tuple[ReliabilityReport, ReliabilityReport]]) -> bool:
    """Whether any run predicted the label for a pixel."""
    return any(any(before.label[label].count) for before, _ in pairs)


def _calibration_row(run: Run) -> list[str]:
    assert run.calibration is not None
    fitted, photos = Calibration.model_validate(run.calibration["calibration"]), run.calibration["photos"]
    before, after = run.before_and_after
    return [
        run.name,
        ", ".join(run.calibration["data"]),
        f"{photos['fitted']}, {photos['measured']}",
        f"{fitted.temperature:.2f}",
        f"{fitted.joint_slope:.2f}, {fitted.joint_offset:.2f}",
        *(_change(getattr(before, name), getattr(after, name)) for name in SUMMARY),
    ]


def _change(before: Reliability, after: Reliability) -> str:
    """Two errors; a dash stands for none."""
    return " → ".join(f"{100 * part.error:.1f}" if any(part.count) else "–" for part in (before, after))


def _predictions(runs: Sequence[Run], rendered: PreparedFolder | None) -> Iterator[str]:
    yield "## Predictions\n"
    if rendered:
        yield f"Rendered people ({rendered.info.source}), drawn by seed {SEED}, from the best prediction to the worst:"
        yield "picture, ground truth, prediction. Every joint is drawn, however low its score. The photos that the runs"
        yield "are measured on may not be published here; this command makes the same grid of them, or of any prepared"
        yield "folder:\n"
        yield "```sh\n.venv/bin/python -m training.prediction_grid RUN/best.pt --data data/ccp --out grid.jpg\n```\n"
        for run in runs:
            yield f"![Predictions of {run.name} beside the ground truth](images/answers-{run.name}.jpg)\n"
    yield "NASA's portrait of Eileen Collins; no training photo shows a space suit:\n"
    for run in runs:
        yield f"![The portrait with the prediction of {run.name}](images/portrait-{run.name}.jpg)\n"


def require_showable(folder: PreparedFolder) -> None:
    """Raises InputError unless all pictures of the folder are rendered, without photos as backgrounds."""
    info = folder.info
    if info.name != "rendered people" or "backgrounds" in info.licence:
        raise InputError(
            f"--rendered {folder.root}: {info.name} ({info.licence}) may not be published on the page; give "
            "pictures of training.synthesize without --backgrounds, and use training.prediction_grid for others"
        )
