"""Measure a checkpoint on a prepared folder: ``python -m training.evaluate RUN/best.pt --data DIR``.

Prints a table, or one JSON object with ``--json``. Every figure is at each photo's own size. ``--protocol``:
``one-pass`` shows each photo once, ``jppnet`` at three scales with the mirror image, as JPPNet's authors did.
``--write`` keeps the figures in a checkpoint, for one that was not measured in training (training.average, ensemble).
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from training.data.sample import PreparedFolder
from training.label_set import LabelSet
from training.metrics import ParsingMetric, PoseMetric
from training.protocols import PROTOCOLS, Predict, one_pass


def figure_titles(label_set: LabelSet) -> dict[str, str]:
    """Metric → its title, in the order of a table."""
    merged = {f"mean_iou_{len(label_set.merged)}": f"mIoU ({len(label_set.merged)} merged parts)"}
    return {
        "mean_iou": "mIoU (labels with ≥ 2,000 pixels)",
        f"mean_iou_{len(label_set.labels)}": f"mIoU (all {len(label_set.labels)} labels)",
        **(merged if label_set.merged else {}),
        "pixel_accuracy": "pixel accuracy",
        "mean_accuracy": "mean accuracy",
        "pckh": "PCKh@0.5",
        "pckh_upper_body": "PCKh@0.5, upper body",
    }


def evaluate(
    checkpoint: Checkpoint, folder: PreparedFolder, names: list[str], predict: Predict = one_pass
) -> dict[str, Any]:
    """Metrics of a checkpoint over the named samples, each in 0–1 (see ``training.metrics``).

    Raises ValueError when checkpoint and folder do not speak of the same labels and joints.
    """
    require_same(checkpoint.label_set, folder.label_set)
    parsing, pose = ParsingMetric(checkpoint.label_set), PoseMetric(checkpoint.label_set)
    for name in tqdm(names, desc="evaluate", unit="photo", leave=False):
        sample = folder.read(name)
        prediction = predict(checkpoint, sample.image)
        parsing.add(prediction.labels, sample.labels)
        pose.add(prediction.joints, sample.joints)
    return {"photos": len(names), **parsing.result(), **pose.result()}


def require_same(a: LabelSet, b: LabelSet) -> None:
    """Raises ValueError unless labels and joints of both sets are the same, in the same order."""
    if (list(a.colors), a.joints) != (list(b.colors), b.joints):
        raise ValueError(f"the checkpoint speaks of {a.name}'s labels and joints, the data of {b.name}'s")


def table(result: dict[str, Any], label_set: LabelSet) -> str:
    """The figures as text, in per cent."""
    rows = [(title, result[key]) for key, title in figure_titles(label_set).items()]
    rows += [(f"  IoU {name}", value) for name, value in result["label_iou"].items()]
    rows += [(f"  PCKh {name}", value) for name, value in result["joint_pckh"].items()]
    return "\n".join([f"{result['photos']} photos"] + [f"{title:36} {100 * value:6.2f}" for title, value in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="one-pass")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, metavar="CHECKPOINT", help="the checkpoint with the figures in it")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    folder = PreparedFolder(args.data)
    try:
        result = evaluate(checkpoint, folder, folder.names(args.split), PROTOCOLS[args.protocol])
    except ValueError as error:
        sys.exit(str(error))
    print(json.dumps(result) if args.json else table(result, checkpoint.label_set))
    if args.write:
        save_checkpoint(replace(checkpoint, metrics=result), args.write)


if __name__ == "__main__":
    main()
