"""Card: a model file's description of itself, as JSON inside the file and as a page beside it."""

import base64
import json
import tomllib
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from export.parity import GraphOutputs
from training.checkpoints.checkpoint import Checkpoint
from training.data.fit import PAD_COLOR
from training.data.sample import UInt8Array

SCHEMA: Final = 1
KEY: Final = "jppnet.card"
CARDS = Path(__file__).parent / "cards"

GOLDEN_LABEL_AGREEMENT = 0.98
GOLDEN_KEYPOINT_DISTANCE = 2.0
"""Largest difference (input pixels) of another provider or precision that still counts as right."""


class CardText(BaseModel):
    """Card text: what people must say about a model, from one small file in ``cards/``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    description: str
    license: str
    limits: list[str]


def load_card_text(path: Path) -> CardText:
    """The card text in a file. Raises pydantic's ValidationError for what is missing or unknown."""
    return CardText.model_validate(tomllib.loads(path.read_text()))


def make_card(
    checkpoint: Checkpoint, card_text: CardText, precision: str, image: UInt8Array, outputs: GraphOutputs
) -> dict[str, Any]:
    """The card of a checkpoint (docs/model-file.md); ``image`` (H, W, 3) and its ``outputs`` are the golden sample."""
    data, label_set = checkpoint.data, checkpoint.label_set
    return {
        "schema": SCHEMA,
        **card_text.model_dump(),
        "training_data": f"{data['name']} ({data['source']}), licence {data['licence']}",
        "recipe": checkpoint.recipe.model_dump(mode="json"),
        "precision": precision,
        "fit": checkpoint.recipe.network.fit,
        "pad_color": PAD_COLOR,
        "labels": [{"id": label.id, "name": label.name, "color": label.color} for label in label_set.labels],
        "label_flip_pairs": label_set.label_flip_pairs,
        "joints": label_set.joints,
        "joint_flip_pairs": label_set.joint_flip_pairs,
        "skeleton": label_set.skeleton,
        "metrics": without_nan(checkpoint.metrics),
        "golden": {
            "image": png_base64(image[:, :, ::-1]),
            "labels": png_base64(outputs.labels[0]),
            "keypoints": np.round(outputs.keypoints[0], 4).tolist(),
            "min_label_agreement": GOLDEN_LABEL_AGREEMENT,
            "max_keypoint_distance": GOLDEN_KEYPOINT_DISTANCE,
        },
    }


def without_nan(metrics: dict[str, Any]) -> dict[str, Any]:
    """Leave out figures that could not be measured (a label that never occurs): JSON has no nan."""
    kept: dict[str, Any] = {}
    for name, value in metrics.items():
        if isinstance(value, dict):
            kept[name] = without_nan(value)
        elif not np.isnan(value):
            kept[name] = round(value, 4)
    return kept


def png_base64(image: UInt8Array) -> str:
    """An 8-bit grey (H, W) or BGR (H, W, 3) picture as PNG in base64."""
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()


def page(card: dict[str, Any]) -> str:
    """The card as Markdown."""
    schedule = card["recipe"]["schedule"]
    lines = [
        f"# {card['name']} {card['version']}",
        "",
        card["description"],
        "",
        "| | |",
        "| --- | --- |",
        f"| training data | {card['training_data']} |",
        f"| licence | {card['license']} |",
        f"| recipe | `{card['recipe']['network']['name']}`: {schedule['epochs']} epochs of batch {schedule['batch']}, "
        f"seed {schedule['seed']}; the whole recipe stands in the file's card |",
        f"| precision | {card['precision']} |",
        "",
        *measured(card["metrics"], len(card["labels"])),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
    ]
    return "\n".join(lines)


def measured(metrics: dict[str, Any], labels: int) -> list[str]:
    """The chapter of figures; a checkpoint that was imported has none."""
    if not metrics:
        return ["## Measured", "", "Nothing: this checkpoint was not measured here."]
    figures = {"mIoU, labels with at least 2,000 pixels": "mean_iou"}
    parts = [key.removeprefix("mean_iou_") for key in metrics if key.startswith("mean_iou_")]
    figures |= {f"mIoU, {count} merged parts": f"mean_iou_{count}" for count in parts if int(count) != labels}
    figures |= {"pixel accuracy": "pixel_accuracy", "PCKh@0.5": "pckh"}
    return [
        f"## Measured on {metrics['photos']} validation photos, at their own size",
        "",
        "| figure | % |",
        "| --- | --- |",
        *(f"| {title} | {100 * metrics[key]:.1f} |" for title, key in figures.items() if key in metrics),
        "",
        "| label | IoU % | | joint | PCKh % |",
        "| --- | --- | --- | --- | --- |",
        *figure_rows(metrics["label_iou"], metrics["joint_pckh"]),
    ]


def figure_rows(labels: dict[str, float], joints: dict[str, float]) -> list[str]:
    """Labels and joints side by side, as rows of a table."""
    left = [f"{name} | {100 * value:.1f}" for name, value in labels.items()]
    right = [f"{name} | {100 * value:.1f}" for name, value in joints.items()]
    rows = max(len(left), len(right))
    left += [" | "] * (rows - len(left))
    right += [" | "] * (rows - len(right))
    return [f"| {a} | | {b} |" for a, b in zip(left, right, strict=True)]


def card_json(card: dict[str, Any]) -> str:
    """The card as it stands in the file."""
    return json.dumps(card, allow_nan=False)
