"""Checkpoint to ONNX: ``python -m export.onnx RUN/best.pt OUT.onnx``.

The file is written only when it answers as the checkpoint does, on real photos at batch 1, 2 and 5. ``OUT.md``, its
card as a page, is written beside it, and ``OUT.onnx.data`` where the weights are too large for one file (2 GB); the two
belong together.
"""

import argparse
import tempfile
from pathlib import Path

import onnx
import torch
from torch import nn
from torch.export import Dim

from export.card import CARDS, KEY, card_json, load_words, make_card, page
from export.graph import AveragedGraph, DeployableGraph, in_half
from export.parity import BATCHES, LIMITS, Difference, ask_torch, prove
from export.photos import fitted_photos, fitted_portrait
from training.checkpoint import Checkpoint, load_checkpoint
from training.networks.network import Network

LARGEST_FILE = 2_000_000_000
"""Bytes of weights that still go into one file; Protobuf, which ONNX is written in, ends at 2 GiB."""


def build_graph(checkpoint: Checkpoint, network: Network, averaged: bool) -> nn.Module:
    """The deployable graph around ``network``; ``averaged`` is JPPNet's own evaluation."""
    graph = AveragedGraph(network, checkpoint.label_set) if averaged else DeployableGraph(network)
    return graph.eval()


def write_graph(graph: nn.Module, path: Path, height: int, width: int) -> None:
    """Trace the graph at batch 2 and write it with a dynamic batch."""
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


def write_card(card: str, path: Path) -> None:
    """Put the card into a file's metadata; its weights stay where they are."""
    model = onnx.load(path, load_external_data=False)
    onnx.helper.set_model_props(model, {KEY: card})
    onnx.save(model, path)
    onnx.checker.check_model(str(path))


def export(
    checkpoint: Checkpoint,
    out: Path,
    photos: Path | None,
    *,
    half: bool = False,
    averaged: bool = False,
    words: Path | None = None,
) -> Difference:
    """Write ``out`` with its card inside and as a page beside it. Raises ParityError and writes nothing otherwise.

    ``half``: weights and arithmetic in float16. ``averaged``: see ``AveragedGraph``. ``words``: what the card says
    about the model, in place of the network's own file in ``cards/``.
    """
    recipe, network = checkpoint.recipe.network, checkpoint.network
    precision = "fp16" if half else "fp32"
    truth = build_graph(checkpoint, network, averaged)
    graph = build_graph(checkpoint, in_half(network), averaged) if half else truth
    golden = fitted_portrait(recipe)
    said = load_words(words or CARDS / f"{recipe.name}.toml")
    card = make_card(checkpoint, said, precision, golden, ask_torch(truth, golden[None]))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        unproven = Path(folder) / out.name  # its name is also that of the weights beside it
        write_graph(graph, unproven, recipe.height, recipe.width)
        write_card(card_json(card), unproven)
        difference = prove(truth, unproven, fitted_photos(photos, recipe, max(BATCHES)), LIMITS[precision])
        for file in sorted(Path(folder).iterdir(), reverse=True):  # NAME.onnx.data before NAME.onnx
            file.rename(out.parent / file.name)
    out.with_suffix(".md").write_text(page(card))
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path, help="folder of .jpg photos to prove it on, besides the built-in one")
    parser.add_argument("--fp16", action="store_true", help="half precision, for GPUs")
    parser.add_argument("--tta", action="store_true", help="JPPNet's three scales and mirror image within the graph")
    parser.add_argument("--words", type=Path, metavar="TOML", help="name, licence and limits for the card")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    difference = export(checkpoint, args.out, args.photos, half=args.fp16, averaged=args.tta, words=args.words)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, agrees with {args.checkpoint} ({difference})")


if __name__ == "__main__":
    main()
