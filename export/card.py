"""The card: what a model file says about itself, as JSON inside the file and as a page beside it."""

import base64
import json
import tomllib
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from export.parity import Answers
from training.checkpoint import Checkpoint
from training.data.sample import UInt8Array
from training.labels import JOINT_FLIP_PAIRS, JOINTS, LABEL_FLIP_PAIRS, LABELS, SKELETON
from training.transforms import PAD_COLOR

SCHEMA: Final = 1
KEY: Final = "jppnet.card"
CARDS = Path(__file__).parent / "cards"

GOLDEN_LABEL_AGREEMENT = 0.98
GOLDEN_KEYPOINT_DISTANCE = 2.0
"""What another provider or precision may differ by (input pixels) and still be right."""


class Words(BaseModel):
    """What people must say about a model, from one small file in ``cards/``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    description: str
    license: str
    limits: list[str]


def load_words(name: str) -> Words:
    """The words for a network, by its name."""
    return Words.model_validate(tomllib.loads((CARDS / f"{name}.toml").read_text()))


def make_card(checkpoint: Checkpoint, words: Words, image: UInt8Array, answers: Answers) -> dict[str, Any]:
    """The card of a checkpoint (docs/model-file.md); ``image`` (H, W, 3) and the ``answers`` to it become golden."""
    data = checkpoint.data
    return {
        "schema": SCHEMA,
        **words.model_dump(),
        "training_data": f"{data['name']} ({data['source']}), licence {data['licence']}",
        "recipe": checkpoint.recipe.model_dump(),
        "precision": "fp32",
        "fit": "letterbox",
        "pad_color": PAD_COLOR,
        "labels": [{"id": label.id, "name": label.name, "color": label.color} for label in LABELS],
        "label_flip_pairs": LABEL_FLIP_PAIRS,
        "joints": JOINTS,
        "joint_flip_pairs": JOINT_FLIP_PAIRS,
        "skeleton": SKELETON,
        "metrics": without_nan(checkpoint.metrics),
        "golden": {
            "image": png_base64(image[:, :, ::-1]),
            "labels": png_base64(answers.labels[0]),
            "keypoints": np.round(answers.keypoints[0], 4).tolist(),
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
    metrics, schedule = card["metrics"], card["recipe"]["schedule"]
    figures = {
        "mIoU, labels with at least 2,000 pixels": "mean_iou",
        "mIoU, 7 merged parts": "mean_iou_7",
        "pixel accuracy": "pixel_accuracy",
        "PCKh@0.5": "pckh",
    }
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
        f"## Measured on {metrics['photos']} validation photos, at their own size",
        "",
        "| figure | % |",
        "| --- | --- |",
        *(f"| {title} | {100 * metrics[key]:.1f} |" for title, key in figures.items()),
        "",
        "| label | IoU % | | joint | PCKh % |",
        "| --- | --- | --- | --- | --- |",
        *figure_rows(metrics["label_iou"], metrics["joint_pckh"]),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
    ]
    return "\n".join(lines)


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
