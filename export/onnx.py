"""Checkpoint to ONNX: ``python -m export.onnx RUN/best.pt OUT.onnx``.

The file is written only when it answers as the checkpoint does, on real photos at batch 1, 2 and 5. With ``--data`` it
is proved on that folder's photos and measured on them as a service serves it; its card then holds these figures, and
not the checkpoint's. ``OUT.md``, its card as a page, is written beside it, and ``OUT.onnx.data`` where the weights are
too large for one file (2 GB); the two belong together.
"""

import argparse
import tempfile
from itertools import cycle, islice
from pathlib import Path
from typing import get_args

import onnx
import torch
from torch import nn
from torch.export import Dim

from export.card import CARDS, KEY, card_json, load_card_text, make_card, page, without_nan
from export.graph import AveragedGraph, DeployableGraph, in_half
from export.half_weights import store_in_half
from export.measure import measure
from export.parity import BATCHES, HALF_WEIGHTS, LIMITS, Difference, Precision, ask_onnx, open_file, prove
from export.photos import fitted_photos, fitted_portrait, portrait_views
from export.quantize import quantize
from training.checkpoints.checkpoint import Checkpoint, load_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import UInt8Array
from training.networks.network import Network

LARGEST_FILE = 2_000_000_000
"""Bytes of weights that still go into one file; Protobuf, which ONNX is written in, ends at 2 GiB."""


CALIBRATION_PHOTOS = 200
"""Photos of the training split that ranges of activations are taken from."""


def build_graph(checkpoint: Checkpoint, network: Network, averaged: bool) -> nn.Module:
    """The deployable graph around ``network``; ``averaged`` is JPPNet's own evaluation."""
    if averaged:  # calibration is of answers to one look
        return AveragedGraph(network, checkpoint.label_set).eval()
    return DeployableGraph(network, checkpoint.calibration).eval()


def write_graph(graph: nn.Module, path: Path, height: int, width: int) -> None:
    """Trace the graph at batch 2 and write it with a dynamic batch, without the exporter's notes about this machine."""
    example = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    size = sum(value.nbytes for value in graph.state_dict().values())
    torch.onnx.export(
        graph,
        (example,),
        path,
        input_names=["image"],
        output_names=["labels", "confidence", "keypoints"],
        dynamic_shapes={"image": {0: Dim("batch", min=1, max=1024)}},
        external_data=size > LARGEST_FILE,
        dynamo=True,
        verbose=False,
    )
    model = onnx.load(path, load_external_data=False)
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]  # where in which files each was traced
    onnx.save(model, path)


def write_card(card: str, path: Path) -> None:
    """Put the card into a file's metadata; its weights stay where they are."""
    model = onnx.load(path, load_external_data=False)
    onnx.helper.set_model_props(model, {KEY: card})
    onnx.save(model, path)
    onnx.checker.check_model(str(path))


def write_unproven(
    checkpoint: Checkpoint, graph: nn.Module, path: Path, precision: Precision, data: PreparedFolder | None
) -> None:
    """Write the graph in a precision, without a card. Raises ValueError where photos to calibrate on are missing."""
    recipe = checkpoint.recipe.network
    write_graph(graph, path, recipe.height, recipe.width)
    if precision == "int8":
        if data is None:
            raise ValueError("int8 is calibrated on photos: name a prepared folder with --data")
        names = data.names("train")[:CALIBRATION_PHOTOS]
        quantize(path, graph.state_dict(), fitted_photos((data.read(name).image for name in names), recipe))


def photos_to_prove_on(data: PreparedFolder | None) -> list[UInt8Array]:
    """As many as the largest batch: the first for validation, again from the start if they are too few."""
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
    words: Path | None = None,
) -> Difference:
    """Write ``out`` with its card inside and as a page beside it. Raises ParityError and writes nothing otherwise.

    ``data``: real photos, see above. ``precision``: of weights and arithmetic. ``half_weights``: weights stored in
    float16 where arithmetic is in float32. ``averaged``: see ``AveragedGraph``. ``words``: what the card says about
    the model, in place of the network's own file in ``cards/``.
    """
    recipe, network = checkpoint.recipe.network, checkpoint.network
    truth = build_graph(checkpoint, network, averaged)
    graph = build_graph(checkpoint, in_half(network), averaged) if precision == "fp16" else truth
    said, golden = load_card_text(words or CARDS / f"{recipe.name}.toml"), fitted_portrait(recipe)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        unproven = Path(folder) / out.name  # its name is also that of the weights beside it
        write_unproven(checkpoint, graph, unproven, precision, data)
        if half_weights:
            store_in_half(unproven)
        limit = HALF_WEIGHTS if half_weights else LIMITS[precision]
        difference = prove(truth, unproven, fitted_photos(photos_to_prove_on(data), recipe), limit)
        answers = ask_onnx(open_file(unproven), golden[None])
        card = make_card(checkpoint, said, precision, golden, answers)
        write_card(card_json(card), unproven)
        if data is not None:
            card["metrics"] = without_nan(measure(unproven, data, data.names("val")))
            write_card(card_json(card), unproven)
        for file in sorted(Path(folder).iterdir(), reverse=True):  # NAME.onnx.data before NAME.onnx
            file.rename(out.parent / file.name)
    out.with_suffix(".md").write_text(page(card))
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="a prepared folder: to prove, calibrate and measure on")
    parser.add_argument("--precision", choices=get_args(Precision), default="fp32", help="fp16 for GPUs, int8 for CPUs")
    parser.add_argument("--half-weights", action="store_true", help="store an fp32 file's weights in half precision")
    parser.add_argument("--tta", action="store_true", help="JPPNet's three scales and mirror image within the graph")
    parser.add_argument("--words", type=Path, metavar="TOML", help="name, licence and limits for the card")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    try:
        difference = export(
            checkpoint, args.out, PreparedFolder(args.data) if args.data else None,
            precision=args.precision, half_weights=args.half_weights, averaged=args.tta, words=args.metadata,
        )  # fmt: skip
    except ValueError as error:
        parser.error(str(error))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, agrees with {args.checkpoint} ({difference})")


if __name__ == "__main__":
    main()
