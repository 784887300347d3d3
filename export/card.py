"""Card: a model file's description of itself, as JSON inside the file and as a page beside it."""

import base64
import json
import re
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import onnx
from pydantic import BaseModel, ConfigDict, ValidationError

from export.parity import GraphOutputs, Precision
from training.checkpoints.checkpoint import Checkpoint
from training.data.sample import UInt8Array
from training.errors.input_error import InputError
from training.labels.label_set import LABEL_SETS, LabelSet, read_label_set
from training.networks.recipe import NetworkRecipe

SCHEMA: Final = 1
KEY: Final = "jppnet.card"
NO_LABELS: Final[dict[str, Any]] = {"labels": [], "synonyms": {}, "label_flip_pairs": []}
NOT_STATED: Final = "not stated"
"""What a card says where nobody said anything."""

GOLDEN_LABEL_AGREEMENT = 0.98
GOLDEN_KEYPOINT_DISTANCE = 4.0
"""Largest difference (input pixels) of another provider or precision that still counts as right: in 8 bits, jppnet-lite
0.6.0 in WebAssembly has a joint of score 0.6 2.3 pixels away."""


class CardError(InputError):
    """A card, or a text for one, that cannot be used, with the reason."""


class CardText(BaseModel):
    """Card text: what only people can say about a model, from one small file such as those in ``cards/``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    description: str
    license: str
    limits: list[str]


def load_card_text(path: Path) -> CardText:
    """The card text in a file. Raises CardError that names what is missing or unknown, and OSError."""
    try:
        return CardText.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise CardError(f"{path} is no card text: {error}") from None


def neutral_text(file: Path, description: str) -> CardText:
    """The card text of a model of which nothing was said: named as its file, without the file's precision."""
    name = re.sub(r"(\.(int8|fp16))?\.onnx$", "", file.name)
    return CardText(name=name, version=NOT_STATED, description=description, license=NOT_STATED, limits=[])


def model_description(label_set: LabelSet, outputs: Collection[str]) -> str:
    """What a model with these outputs finds, as a sentence."""
    finds = {"parsing": f"{len(label_set.labels)} labels"} if "labels" in outputs else {}
    if "keypoints" in outputs:
        finds["pose"] = f"{len(label_set.joints)} joints"
    return f"Human {' and '.join(finds)}: {', '.join(finds.values())} ({label_set.name})."


class ModelFacts(NamedTuple):
    """What the exporter knows of a model by itself, for its card.

    ``recipe``: how the network was trained, or at least its ``network`` table. ``metrics``: measured figures.
    """

    network: NetworkRecipe
    label_set: LabelSet
    training_data: str
    recipe: dict[str, Any]
    metrics: dict[str, Any]


def checkpoint_facts(checkpoint: Checkpoint) -> ModelFacts:
    """The facts of a checkpoint. Of imported weights only the network is known, not how they were trained."""
    data, recipe = checkpoint.data, checkpoint.recipe.model_dump(mode="json")
    return ModelFacts(
        checkpoint.recipe.network,
        checkpoint.label_set,
        f"{data['name']} ({data['source']}), licence {data['licence']}",
        {"network": recipe["network"]} if checkpoint.imported else recipe,
        checkpoint.metrics,
    )


def make_card(
    facts: ModelFacts, card_text: CardText, precision: Precision, image: UInt8Array, outputs: GraphOutputs
) -> dict[str, Any]:
    """The card of a model (docs/model-file.md); ``image`` (H, W, 3) and its ``outputs`` are the golden sample."""
    label_set = facts.label_set
    parses, poses = outputs.labels is not None, outputs.keypoints is not None
    return {
        "schema": SCHEMA,
        **card_text.model_dump(),
        "training_data": facts.training_data,
        "recipe": facts.recipe,
        "precision": precision,
        "fit": facts.network.fit,
        "pad_color": facts.network.pad_color,
        **(label_entries(label_set) if parses else NO_LABELS),
        "joints": label_set.joints if poses else [],
        "joint_flip_pairs": label_set.joint_flip_pairs if poses else [],
        "skeleton": label_set.skeleton if poses else [],
        "metrics": without_nan(figures_of(facts.metrics, parses, poses)),
        "golden": golden_sample(image, outputs),
    }


def label_entries(label_set: LabelSet) -> dict[str, Any]:
    """What the card says of labels."""
    return {
        "labels": [{"id": label.id, "name": label.name, "color": label.color} for label in label_set.labels],
        "synonyms": synonyms_of([label.name for label in label_set.labels], label_set),
        "label_flip_pairs": label_set.label_flip_pairs,
    }


def synonyms_of(labels: Sequence[str], label_set: LabelSet) -> dict[str, tuple[int, ...]]:
    """Other label sets' names → label ids: those of the label set, or, where it has none (it is from a checkpoint or
    folder that knows of none), those of the project's label set with the same labels."""
    known = [label_set, *(read_label_set(file) for file in sorted(LABEL_SETS.glob("*.toml")))]
    names = [name.lower() for name in labels]
    return next((it.synonym_ids for it in known if it.synonyms and [name.lower() for name in it.colors] == names), {})


def figures_of(metrics: dict[str, Any], parses: bool, poses: bool) -> dict[str, Any]:
    """The figures of ``training.evaluate`` that speak of what a file gives."""
    about_joints = {name for name in metrics if "pckh" in name}
    about_labels = metrics.keys() - about_joints - {"photos"}
    left_out = (set() if parses else about_labels) | (set() if poses else about_joints)
    return {name: value for name, value in metrics.items() if name not in left_out}


def golden_sample(image: UInt8Array, outputs: GraphOutputs) -> dict[str, Any]:
    """The golden sample: an input (H, W, 3) and those outputs that there are, the first of a batch."""
    golden: dict[str, Any] = {"image": png_base64(image[:, :, ::-1])}
    if outputs.labels is not None:
        golden["labels"] = png_base64(outputs.labels[0])
        golden["min_label_agreement"] = GOLDEN_LABEL_AGREEMENT
    if outputs.keypoints is not None:
        golden["keypoints"] = np.round(outputs.keypoints[0], 4).tolist()
        golden["max_keypoint_distance"] = GOLDEN_KEYPOINT_DISTANCE
    return golden


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
    lines = [
        f"# {title(card)}",
        "",
        card["description"],
        "",
        "| | |",
        "| --- | --- |",
        f"| training data | {card['training_data']} |",
        f"| licence | {card['license']} |",
        recipe_row(card["recipe"]),
        f"| precision | {card['precision']} |",
        "",
        *measured(card["metrics"], len(card["labels"])),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"] or ["Not stated."]),
        "",
    ]
    return "\n".join(lines)


def title(card: dict[str, Any]) -> str:
    """Name and version, as far as they are stated."""
    return card["name"] if card["version"] == NOT_STATED else f"{card['name']} {card['version']}"


def recipe_row(recipe: dict[str, Any]) -> str:
    """The table's row about the recipe; of imported weights, about the network."""
    name, schedule = recipe["network"]["name"], recipe.get("schedule")
    if schedule is None:
        return f"| network | `{name}`, with weights that were trained elsewhere |"
    return (
        f"| recipe | `{name}`: {schedule['epochs']} epochs of batch {schedule['batch']}, seed {schedule['seed']}; the "
        "whole recipe stands in the file's card |"
    )


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
        *figure_table(metrics.get("label_iou", {}), metrics.get("joint_pckh", {})),
    ]


def figure_table(labels: dict[str, float], joints: dict[str, float]) -> list[str]:
    """Labels and joints side by side, as a table; one alone where there are none of the other."""
    if not labels:
        rows = [f"| {name} | {100 * value:.1f} |" for name, value in joints.items()]
        return ["| joint | PCKh % |", "| --- | --- |", *rows]
    if not joints:
        rows = [f"| {name} | {100 * value:.1f} |" for name, value in labels.items()]
        return ["| label | IoU % |", "| --- | --- |", *rows]
    return ["| label | IoU % | | joint | PCKh % |", "| --- | --- | --- | --- | --- |", *figure_rows(labels, joints)]


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


def read_card(path: Path) -> dict[str, Any]:
    """The card in a model file. Raises CardError for a file without one, or with one of another schema or kind."""
    try:
        properties = {entry.key: entry.value for entry in onnx.load(path, load_external_data=False).metadata_props}
    except Exception as error:  # Protobuf's and the file system's
        raise CardError(f"{path} is no ONNX file: {error}") from None
    if KEY not in properties:
        raise CardError(f"{path} has no card: it was not written by this project's exporter")
    try:
        card: Any = json.loads(properties[KEY])
    except json.JSONDecodeError as error:
        raise CardError(f"{path} has a card that is no JSON: {error}") from None
    if not isinstance(card, dict) or card.get("schema") != SCHEMA or "labels" not in card:
        raise CardError(f"{path} has a card of another schema or kind; this version changes schema {SCHEMA}, parsers")
    return card
