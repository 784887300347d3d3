"""Measure a checkpoint on a prepared folder: ``python -m training.evaluate RUN/best.pt --data DIR``.

Prints a table, or one JSON object with ``--json``. Every figure is at each photo's own size.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from training.checkpoint import load_checkpoint
from training.data.sample import PreparedFolder
from training.inference import predict
from training.metrics import ParsingMetric, PoseMetric
from training.networks.lite import LiteNetwork
from training.recipe import NetworkRecipe

PERCENT_ROWS = {
    "mean_iou": "mIoU (labels with ≥ 2,000 pixels)",
    "mean_iou_20": "mIoU (all 20 labels)",
    "mean_iou_7": "mIoU (7 merged parts)",
    "pixel_accuracy": "pixel accuracy",
    "mean_accuracy": "mean accuracy",
    "pckh": "PCKh@0.5",
    "pckh_upper_body": "PCKh@0.5, upper body",
}


def evaluate(network: LiteNetwork, recipe: NetworkRecipe, folder: PreparedFolder, names: list[str]) -> dict[str, Any]:
    """Metrics of a network in eval mode over the named samples, each in 0–1 (see ``training.metrics``)."""
    parsing, pose = ParsingMetric(), PoseMetric()
    for name in tqdm(names, desc="evaluate", unit="photo", leave=False):
        sample = folder.read(name)
        prediction = predict(network, sample.image, recipe.height, recipe.width)
        parsing.add(prediction.labels, sample.labels)
        pose.add(prediction.joints, sample.joints)
    return {"photos": len(names), **parsing.result(), **pose.result()}


def table(result: dict[str, Any]) -> str:
    """The figures as text, in per cent."""
    rows = [(title, result[key]) for key, title in PERCENT_ROWS.items()]
    rows += [(f"  IoU {name}", value) for name, value in result["label_iou"].items()]
    rows += [(f"  PCKh {name}", value) for name, value in result["joint_pckh"].items()]
    return "\n".join([f"{result['photos']} photos"] + [f"{title:36} {100 * value:6.2f}" for title, value in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    folder = PreparedFolder(args.data)
    result = evaluate(checkpoint.network, checkpoint.recipe.network, folder, folder.names(args.split))
    print(json.dumps(result) if args.json else table(result))


if __name__ == "__main__":
    main()
