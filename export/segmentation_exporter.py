"""Exports a Hugging Face segmentation model as ONNX, proven equal to transformers' own pipeline first."""

from functools import partial
from pathlib import Path

import torch

from export.card import CardText, ModelFacts, card_json, make_card, page
from export.exporter import unverified_file, write_card, write_graph
from export.parity import LIMITS, Difference, open_session, require_parity, run_onnx
from export.photos import fitted_photos, fitted_portrait, portrait_views
from export.segmentation_folder import SegmentationFolder, SegmentationFolderError, network_input
from export.segmentation_graph import SegmentationGraph, run_pipeline
from training.labels.label_set import LabelSet


def export_folder(
    folder: SegmentationFolder, label_set: LabelSet, text: CardText, training_data: str, out: Path
) -> Difference:
    """Write ``out`` with its card inside and as a page beside it, or nothing.

    Raises ParityError, and SegmentationFolderError for a model that cannot be written as a graph for this input.
    """
    network = network_input(folder)
    graph = SegmentationGraph(folder).eval()
    golden = fitted_portrait(network)
    facts = ModelFacts(network, label_set, training_data, {"network": network.model_dump(mode="json")}, {})
    with unverified_file(out) as unverified:
        try:
            write_graph(graph, unverified, network.height, network.width)
        except torch.onnx.OnnxExporterError as error:
            size = f"{network.width}×{network.height}"
            raise SegmentationFolderError(
                f"{network.name} cannot be written as a graph for inputs of {size} pixels: {error.__cause__ or error}"
            ) from error
        photos = fitted_photos(portrait_views(), network)
        difference = require_parity(partial(run_pipeline, folder), unverified, photos, LIMITS["fp32"])
        outputs = run_onnx(open_session(unverified), golden[None])
        card = make_card(facts, text, "fp32", golden, outputs)
        write_card(card_json(card), unverified)
    out.with_suffix(".md").write_text(page(card))
    return difference
