"""Detector exporter: writes a detector as ONNX, proves it equal to its checkpoint, calibrates and measures it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.export import Dim

from export.attribution import photo_list
from export.card import KEY, SCHEMA, CardText, card_json, load_card_text, neutral_text, png_base64, title
from export.detector_graph import DetectorGraph
from export.half_weights import store_in_half
from export.photos import PORTRAIT
from export.quantize import quantize
from export.score_calibration import add_calibration
from export.tracing import write_traced
from training.checkpoints.detector import DetectorCheckpoint
from training.data import openimages_source
from training.data.adapters import ccp
from training.data.box_overlap import Boxes, Scores, overlaps
from training.data.fit import PAD_COLOR, fit_photo
from training.data.openimages_boxes import boxed_splits
from training.data.openimages_source import OpenImagesPeople
from training.data.sample import UInt8Array, read_image
from training.errors.input_error import InputError
from training.evaluation.detector_calibration import ScoreCalibration, collect_outcomes, fit_score_calibration
from training.evaluation.detector_evaluation import measure
from training.networks.detector.cells import MULTIPLE
from training.networks.detector.dataset import GARMENTS_INFO, RENDERED_INFO, nobody_photos
from training.networks.detector.decode import LEAST_AREA, suppress
from training.networks.detector.detect import MOST_OVERLAP, Run
from training.networks.detector.input_size import input_size

DetectorPrecision = Literal["fp32", "int8"]

SIDE: Final = 224
"""Of the square that has as many pixels as the recommended input."""

THRESHOLD: Final = 0.36
"""The recommended threshold of calibrated scores: F1 is best where it is half of the best F1 (Lipton, Elkan and
Naryanaswamy, ECML 2014), which is 0.67 to 0.72."""

CALIBRATION_PHOTOS: Final = 60
PROOF_PHOTOS: Final = 12

TRAINING_DATA: Final = (openimages_source.INFO, GARMENTS_INFO, ccp.INFO, RENDERED_INFO)
"""What the shipped detector was taught."""

GOLDEN_OVERLAP: Final = 0.9
GOLDEN_SCORE: Final = 0.1
"""What another provider may differ by and still be right: a box's IoU, a score."""

CERTAIN: Final = 0.3
"""Candidates below this score, about the threshold, are not compared."""

LEAST_COMPARED: Final = 1.5 * LEAST_AREA
"""Of the input; smaller boxes are not compared: one that is near the least area may be a candidate here alone."""


class BoxDifference(NamedTuple):
    """The worst over all photos: IoU of the same person's boxes, and distance of their scores."""

    overlap: float
    score: float


LIMITS: Final[dict[DetectorPrecision, BoxDifference]] = {
    "fp32": BoxDifference(overlap=0.98, score=5e-3),
    "int8": BoxDifference(overlap=0.5, score=0.35),
}
"""How far a file may be from its checkpoint in float32, with weights in half precision or in 8 bits."""


class DetectorParityError(InputError):
    """The exported file does not answer as the checkpoint does."""


def write_detector_graph(graph: nn.Module, path: Path) -> None:
    """Write the graph with a dynamic batch, height and width."""
    image = torch.zeros(2, 8 * MULTIPLE, 6 * MULTIPLE, 3, dtype=torch.uint8)
    rows, columns = (MULTIPLE * Dim(name, min=2, max=64) for name in ("rows", "columns"))
    write_traced(graph, image, path, ["boxes", "scores"], {0: Dim("batch", min=1, max=1024), 1: rows, 2: columns})


def quantizable(graph: nn.Module) -> list[str]:
    """Names of the parameters whose layers compute in 8 bits: the trunk's. Heads in 8 bits cost 0.012 of F1, and in
    float32 they take hardly more time."""
    return [name for name in graph.state_dict() if name.startswith("network.trunk.")]


def open_detector(path: Path, threads: int = 0) -> Run:
    """A file on the CPU as a function of one fitted picture; 0 threads: one a core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(image: UInt8Array) -> tuple[Boxes, Scores]:
        boxes, scores = session.run(["boxes", "scores"], {"image": image[None]})
        return boxes[0], scores[0]

    return run


def fitted(image: UInt8Array, side: int = SIDE) -> UInt8Array:
    """A photo as the detector's input."""
    height, width = input_size(image.shape[0], image.shape[1], side)
    return fit_photo(image, height, width, "letterbox")[0]


def compare_boxes(truth: tuple[Boxes, Scores], answer: tuple[Boxes, Scores], least_area: float = 0) -> BoxDifference:
    """How far an answer is from the truth, over the truth's certain candidates and the answer's nearest ones.

    ``least_area``: in square pixels, of the truth's boxes that are compared.
    """
    worst = BoxDifference(1.0, 0.0)
    for box, score in zip(*truth, strict=True):
        if score >= CERTAIN and np.prod(box[2:] - box[:2]) >= least_area:
            like = overlaps(box, answer[0]) * (answer[1] > CERTAIN / 2)
            if not len(like):
                return BoxDifference(0.0, 1.0)
            nearest = int(like.argmax())
            worst = BoxDifference(
                min(worst.overlap, float(like[nearest])), max(worst.score, abs(float(score - answer[1][nearest])))
            )
    return worst


def without_doubles(boxes: Boxes, scores: Scores) -> tuple[Boxes, Scores]:
    """The candidates that are left after suppression: which of two doubles is the surer one is by chance."""
    kept = suppress(boxes, scores, CERTAIN / 2, MOST_OVERLAP)
    return boxes[kept], scores[kept]


@torch.inference_mode()
def prove_detector(graph: nn.Module, path: Path, photos: list[UInt8Array], limit: BoxDifference) -> BoxDifference:
    """Compare graph and file on fitted photos, one by one. Raises DetectorParityError beyond the limit."""
    run, worst = open_detector(path), BoxDifference(1.0, 0.0)
    for photo in photos:
        boxes, scores = graph(torch.from_numpy(photo)[None])
        least = LEAST_COMPARED * photo.shape[0] * photo.shape[1]
        found = compare_boxes(without_doubles(boxes[0].numpy(), scores[0].numpy()), without_doubles(*run(photo)), least)
        worst = BoxDifference(min(worst.overlap, found.overlap), max(worst.score, found.score))
    if worst.overlap < limit.overlap or not worst.score <= limit.score:
        raise DetectorParityError(
            f"torch and ONNX Runtime disagree on the exported file: a box has an IoU of {worst.overlap:.3f} with the "
            f"checkpoint's ({limit.overlap:g} at least) and a score differs by {worst.score:.3g} ({limit.score:g} at "
            "most). Nothing was written. The usual cause is a network that was hardly trained"
        )
    return worst


def detector_card(checkpoint: DetectorCheckpoint, text: CardText, precision: DetectorPrecision) -> dict[str, Any]:
    """The card of a detector (docs/model-file.md), without what is measured."""
    return {
        "schema": SCHEMA,
        "kind": "detect",
        **text.model_dump(),
        "training_data": "; ".join(f"{info.name} ({info.source}), licence {info.licence}" for info in TRAINING_DATA),
        "recipe": checkpoint.recipe.model_dump(mode="json"),
        "precision": precision,
        "fit": "letterbox",
        "pad_color": PAD_COLOR,
        "side": SIDE,
        "multiple": MULTIPLE,
        "most_overlap": MOST_OVERLAP,
    }


def measured_card(run: Run, calibration: ScoreCalibration, source: OpenImagesPeople, garments: Path) -> dict[str, Any]:
    """What the card says of a calibrated file: threshold, figures, and the portrait as the golden sample."""
    figures = figures_of(run, source, garments)
    golden = fitted(read_image(PORTRAIT))
    boxes, scores = run(golden)
    certain = scores >= CERTAIN
    return {
        "score": figures["score"],
        "calibration": calibration.model_dump(),
        "metrics": {name: round(value, 4) for name, value in figures.items()},
        "golden": {
            "image": png_base64(golden[:, :, ::-1]),
            "boxes": np.round(boxes[certain], 2).tolist(),
            "scores": np.round(scores[certain], 4).tolist(),
            "min_overlap": GOLDEN_OVERLAP,
            "max_score_difference": GOLDEN_SCORE,
        },
    }


def calibrate_and_measure(file: Path, card: dict[str, Any], source: OpenImagesPeople, garments: Path) -> dict[str, Any]:
    """Calibrates an uncalibrated file's scores, measures it, and writes into it ``card`` with what was measured, which
    comes back.

    Raises ValueError for a file that is calibrated.
    """
    people, splits = boxed_splits(source), ("train", "tune")
    outcomes = collect_outcomes(
        open_detector(file),
        SIDE,
        source,
        [name for split in splits for name in people[split]],
        [path for split in splits for path in nobody_photos(garments, split)],
    )
    calibration = fit_score_calibration(outcomes)
    model = onnx.load(file)
    add_calibration(model, calibration)
    onnx.save(model, file)
    whole = card | measured_card(open_detector(file), calibration, source, garments)
    onnx.helper.set_model_props(model, {KEY: card_json(whole)})
    onnx.save(model, file)
    return whole


def detector_page(card: dict[str, Any]) -> str:
    """The card as Markdown."""
    figures = card["metrics"]
    rows = {
        "people found (recall)": figures["recall"],
        "found boxes that are people (precision)": figures["precision"],
        "F1": figures["f1"],
        "average precision at IoU 0.5": figures["average_precision"],
        "photos of garments without people on which somebody is seen": figures["nobody"],
    }
    lines = [
        f"# {title(card)}",
        "",
        card["description"],
        "",
        "| | |",
        "| --- | --- |",
        f"| training data | {card['training_data']} |",
        f"| licence | {card['license']} |",
        f"| input | the photo's aspect, height and width multiples of {card['multiple']}, together about "
        f"{card['side']}² pixels, {card['fit']} |",
        f"| threshold | {card['score']} |",
        f"| precision | {card['precision']} |",
        "",
        f"## Measured on {figures['photos']:.0f} Open Images photos and {figures['photos_of_nobody']:.0f} of garments, "
        "none of which was learnt from",
        "",
        "| figure, at the threshold | % |",
        "| --- | --- |",
        *(f"| {title} | {100 * value:.1f} |" for title, value in rows.items()),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"] or ["Not stated."]),
        "",
    ]
    return "\n".join(lines)


def list_of_photos(name: str, source: OpenImagesPeople) -> str:
    """The Open Images photos that a detector was made with, an id a line, and their attribution."""
    splits = boxed_splits(source)
    use = f"{name} learnt from {len(splits['train'])} of these; {len(splits['tune'])} chose its weights."
    return photo_list(use, [*splits["train"], *splits["tune"]])


def figures_of(run: Run, source: OpenImagesPeople, garments: Path) -> dict[str, float]:
    """Figures of the validation photos at the threshold."""
    found = measure(run, SIDE, source, boxed_splits(source)["val"], nobody_photos(garments, "val"))
    return {"photos": len(found.photos), "photos_of_nobody": len(found.nobody), **found.figures(THRESHOLD)}


def calibration_photos(source: OpenImagesPeople, garments: Path) -> Iterator[UInt8Array]:
    """Fitted photos that the ranges of 8-bit activations are taken from: of people, and one in six of nobody."""
    people, nobody = boxed_splits(source)["train"], nobody_photos(garments, "train")
    for path in (*(source.photo(name) for name in people[:CALIBRATION_PHOTOS]), *nobody[: CALIBRATION_PHOTOS // 5]):
        yield fitted(read_image(path))


def export_detector(
    checkpoint: DetectorCheckpoint,
    out: Path,
    source: OpenImagesPeople,
    garments: Path,
    precision: DetectorPrecision = "fp32",
    half_weights: bool = False,
    card_text: Path | None = None,
) -> BoxDifference:
    """Write ``out`` with its card inside, and beside it the card as a page and the list of photos.

    Or raises DetectorParityError and writes nothing.

    ``card_text``: file of what the card says about the model; without it the card claims nothing.
    """
    text = load_card_text(card_text) if card_text else neutral_text(out, "Person detector: boxes with scores.")
    graph = DetectorGraph(checkpoint.network).eval()
    names = boxed_splits(source)["tune"][:PROOF_PHOTOS]
    photos = [fitted(source.read_restored(name), side) for name in names for side in (SIDE, 2 * SIDE)]
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        unproven = Path(folder) / out.name
        write_detector_graph(graph, unproven)
        if precision == "int8":
            quantize(unproven, quantizable(graph), calibration_photos(source, garments))
        if half_weights:
            store_in_half(unproven)
        difference = prove_detector(graph, unproven, photos, LIMITS[precision])
        card = calibrate_and_measure(unproven, detector_card(checkpoint, text, precision), source, garments)
        unproven.rename(out)
    out.with_suffix(".md").write_text(detector_page(card))
    (out.parent / f"{text.name}.photos.txt").write_text(list_of_photos(text.name, source))
    return difference
