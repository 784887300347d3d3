"""Exporter: checkpoint to self-describing ONNX file, proven equal to the checkpoint before it is written."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

import onnx
import torch
from torch.export import Dim

from export.card import (
    KEY,
    card_json,
    checkpoint_facts,
    load_card_text,
    make_card,
    model_description,
    neutral_text,
    page,
    without_nan,
)
from export.graph import PARSING, POSE, DeployableGraph, MultiScaleGraph, OutputGraph, in_half
from export.half_weights import store_in_half
from export.parity import (
    BATCHES,
    HALF_WEIGHTS,
    LIMITS,
    Difference,
    Precision,
    open_session,
    require_parity,
    run_onnx,
    run_torch,
)
from export.photos import fitted_photos, fitted_portrait, portrait_views
from export.quantize import quantize
from export.served_metrics import measure
from export.tracing import write_traced
from training.checkpoints.checkpoint import Checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import UInt8Array
from training.errors.input_error import InputError
from training.networks.network import Network

LARGEST_FILE = 2_000_000_000
"""Most bytes of weights in a single file; Protobuf, ONNX's format, ends at 2 GiB."""


CALIBRATION_PHOTOS = 200
"""Photos of the training split from which the ranges of activations are measured."""


def build_graph(
    checkpoint: Checkpoint, network: Network, averaged: bool, only: Literal["parse", "pose"] | None = None
) -> OutputGraph:
    """The deployable graph around ``network``; ``averaged``: with JPPNet's test-time augmentation.

    ``only``: without the outputs of the other. Raises InputError for the pose of a checkpoint without joints.
    """
    if only == "pose" and not checkpoint.label_set.joints:
        raise InputError("the checkpoint knows no joints: it is for parsing alone")
    outputs = (*(PARSING if only != "pose" else ()), *(POSE if only != "parse" and checkpoint.label_set.joints else ()))
    if averaged:  # the calibration was fitted to a single pass
        return MultiScaleGraph(network, checkpoint.label_set, outputs).eval()
    return DeployableGraph(network, checkpoint.calibration, outputs).eval()


def write_graph(graph: OutputGraph, path: Path, height: int, width: int) -> None:
    """Trace the graph at batch 2 for an input of this size and write it with a dynamic batch."""
    image = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    size = sum(value.nbytes for value in graph.state_dict().values())
    write_traced(graph, image, path, graph.outputs, {0: Dim("batch", min=1, max=1024)}, size > LARGEST_FILE)


def write_card(card: str, path: Path) -> None:
    """Write the card into a file's metadata; external weights are left as they are."""
    model = onnx.load(path, load_external_data=False)
    onnx.helper.set_model_props(model, {KEY: card})
    onnx.save(model, path)
    onnx.checker.check_model(str(path))


def write_unverified(
    checkpoint: Checkpoint, graph: OutputGraph, path: Path, precision: Precision, data: PreparedFolder | None
) -> None:
    """Write the graph in a precision, without a card. Raises InputError where photos to calibrate on are missing."""
    if precision == "int8" and data is None:
        raise InputError("int8 is calibrated on photos: name a prepared folder with --data")
    recipe = checkpoint.recipe.network
    write_graph(graph, path, recipe.height, recipe.width)
    if precision == "int8" and data is not None:
        names = data.names("train")[:CALIBRATION_PHOTOS]
        quantize(path, graph.state_dict(), fitted_photos((data.read(name).image for name in names), recipe))


@contextmanager
def unverified_file(out: Path) -> Iterator[Path]:
    """A path for a file that becomes ``out``, with its external weights beside it, unless an error is raised."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        yield Path(folder) / out.name  # external weights beside it get their name from it
        for file in sorted(Path(folder).iterdir(), reverse=True):  # NAME.onnx.data before NAME.onnx
            file.rename(out.parent / file.name)


def verification_photos(data: PreparedFolder | None) -> list[UInt8Array]:
    """Photos to verify the export with: the first of the validation split, repeated to fill the largest batch."""
    if data is None:
        return portrait_views()
    return [data.read(name).image for name in islice(cycle(data.names("val")), max(BATCHES))]


def export(
    checkpoint: Checkpoint,
    out: Path,
    data: PreparedFolder | None,
    *,
    precision: Precision = "fp32",
    half_weights: bool = False,
    averaged: bool = False,
    only: Literal["parse", "pose"] | None = None,
    card_text: Path | None = None,
) -> Difference:
    """Write ``out`` with its card inside and as a page beside it. Raises ParityError and writes nothing otherwise.

    ``data``: photos to verify, calibrate and measure with; none: views of a portrait. ``precision``: of weights and
    arithmetic. ``half_weights``: weights stored in float16 where arithmetic is in float32. ``averaged``: see
    ``MultiScaleGraph``. ``only``: a file for parsing or for pose alone. ``card_text``: file of what the card says about
    the model; without it the card claims nothing but what the checkpoint knows.
    """
    recipe, network = checkpoint.recipe.network, checkpoint.network
    truth = build_graph(checkpoint, network, averaged, only)
    graph = build_graph(checkpoint, in_half(network), averaged, only) if precision == "fp16" else truth
    facts = checkpoint_facts(checkpoint)
    description = model_description(checkpoint.label_set, graph.outputs)
    text = load_card_text(card_text) if card_text else neutral_text(out, description)
    golden = fitted_portrait(recipe)
    with unverified_file(out) as unverified:
        write_unverified(checkpoint, graph, unverified, precision, data)
        if half_weights:
            store_in_half(unverified)
        limit = HALF_WEIGHTS if half_weights else LIMITS[precision]
        photos = fitted_photos(verification_photos(data), recipe)
        difference = require_parity(partial(run_torch, truth), unverified, photos, limit)
        outputs = run_onnx(open_session(unverified), golden[None])
        card = make_card(facts, text, precision, golden, outputs)
        write_card(card_json(card), unverified)
        if data is not None:
            card["metrics"] = without_nan(measure(unverified, data, data.names("val")))
            write_card(card_json(card), unverified)
    out.with_suffix(".md").write_text(page(card))
    return difference
