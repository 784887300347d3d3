"""Plots: training curves, reliability diagrams and confusion matrices, as small pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.data.sample import UInt8Array
from training.evaluation.metrics import Counts
from training.evaluation.reliability import Reliability
from training.labels.label_set import LabelSet

Log = list[dict[str, Any]]
"""The records of a run's ``log.jsonl``, one an epoch."""

PANEL = (4.2, 3.2)
"""Inches, at 100 dots each."""

COLUMNS = 3

GREY, BLUE = "#b0b0b0", "#1f6fb4"


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with ``count`` panels, ``COLUMNS`` side by side."""
    columns, rows = min(count, COLUMNS), -(-count // COLUMNS)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, place) for place in range(1, count + 1)]


def reliability_plot(pairs: Mapping[str, tuple[Reliability, Reliability]], path: Path) -> None:
    """Reliability diagrams, one panel for each name → reliability before and after calibration.

    A bin is a dot; its area shows the number of predictions in it. On the diagonal, scores are calibrated.
    """
    figure, axes = panels(len(pairs))
    for axis, (title, (before, after)) in zip(axes, pairs.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="black", linewidth=0.8)
        for name, color, part in (("before", GREY, before), ("after", BLUE, after)):
            count = np.array(part.count)
            full = count > 0
            score, right = np.array(part.score)[full], np.array(part.right)[full]
            axis.plot(score, right, color=color, linewidth=1.2, label=f"{name}: ECE {100 * part.error:.2f} %")
            axis.scatter(score, right, 4 + 120 * count[full] / max(count.sum(), 1), color=color)
        axis.set(title=title, xlabel="score", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
        axis.legend(loc="upper left", fontsize="small")
    figure.savefig(path)


def curves_plot(logs: Mapping[str, Log], figures: Mapping[str, str], path: Path) -> None:
    """Training curves of runs (name → log): a panel of the loss, and one for each validation metric (key → title)."""
    figure, axes = panels(1 + len(figures))
    for name, log in logs.items():
        epochs = [record["epoch"] for record in log]
        axes[0].plot(epochs, [record["losses"]["total"] for record in log], label=name, linewidth=1.2)
        measured = [record for record in log if "metrics" in record]
        for axis, key in zip(axes[1:], figures, strict=True):
            axis.plot(
                [record["epoch"] for record in measured],
                [100 * record["metrics"][key] for record in measured],
                marker=".",
                label=name,
                linewidth=1.2,
            )
    for axis, title in zip(axes, ("loss", *(f"{title}, %" for title in figures.values())), strict=True):
        axis.set(title=title, xlabel="epoch", xlim=(0, max(len(log) for log in logs.values()) + 0.5))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize="small")
    figure.savefig(path)


def confusion_picture(confusion: Counts, label_set: LabelSet) -> UInt8Array:
    """A confusion matrix (truth, predicted) as an RGB picture: of each true label's pixels, the share in per cent that
    was given each label. A row is empty where a label does not occur."""
    names = [label.name for label in label_set.labels]
    shares = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    side = 2.4 + 0.36 * len(names)
    figure = Figure(figsize=(side, side), layout="constrained")
    axis = figure.add_subplot()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axis.set(title="true label (row) → predicted label (column), %", xlabel="predicted", ylabel="true")
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    for row, column in np.argwhere(shares >= 1):
        color = "white" if shares[row, column] > 55 else "black"
        axis.text(column, row, f"{shares[row, column]:.0f}", ha="center", va="center", fontsize=6, color=color)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba(), np.uint8)  # type: ignore[no-untyped-call]
    return pixels[:, :, :3].copy()
