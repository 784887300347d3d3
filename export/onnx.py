"""Checkpoint to ONNX: ``python -m export.onnx RUN/best.pt OUT.onnx``.

The file is written only when it answers as the checkpoint does, on real photos at batch 1, 2 and 5. ``OUT.md``, its
card as a page, is written beside it.
"""

import argparse
import tempfile
from pathlib import Path

import onnx
import torch
from torch.export import Dim

from export.card import KEY, card_json, load_words, make_card, page
from export.graph import DeployableGraph
from export.parity import BATCHES, Difference, ask_torch, prove
from export.photos import fitted_photos, fitted_portrait
from training.checkpoint import Checkpoint, load_checkpoint


def write_graph(graph: DeployableGraph, path: Path, height: int, width: int) -> None:
    """Trace the graph at batch 2 and write it with a dynamic batch."""
    example = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    torch.onnx.export(
        graph,
        (example,),
        path,
        input_names=["image"],
        output_names=["labels", "confidence", "keypoints"],
        dynamic_shapes={"image": {0: Dim("batch", min=1, max=1024)}},
        external_data=False,
        dynamo=True,
        verbose=False,
    )


def export(checkpoint: Checkpoint, out: Path, photos: Path | None) -> Difference:
    """Write ``out`` with its card inside and as a page beside it. Raises ParityError and writes nothing otherwise."""
    height, width = checkpoint.recipe.network.height, checkpoint.recipe.network.width
    graph = DeployableGraph(checkpoint.network).eval()
    golden = fitted_portrait(height, width)
    words = load_words(checkpoint.recipe.network.name)
    card = make_card(checkpoint, words, golden, ask_torch(graph, golden[None]))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        unproven = Path(folder) / "model.onnx"
        write_graph(graph, unproven, height, width)
        model = onnx.load(unproven)
        onnx.helper.set_model_props(model, {KEY: card_json(card)})
        onnx.checker.check_model(model)
        onnx.save(model, unproven)
        difference = prove(graph, unproven, fitted_photos(photos, height, width, max(BATCHES)))
        unproven.rename(out)
    out.with_suffix(".md").write_text(page(card))
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path, help="folder of .jpg photos to prove it on, besides the built-in one")
    args = parser.parse_args()
    difference = export(load_checkpoint(args.checkpoint), args.out, args.photos)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, agrees with {args.checkpoint} ({difference})")


if __name__ == "__main__":
    main()
