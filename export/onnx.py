"""Export a checkpoint to ONNX: ``python -m export.onnx RUN/best.pt OUT.onnx``.

The file is written only if its outputs agree with the checkpoint's, on real photos at batch 1, 2 and 5. With ``--data``
it is verified on that folder's photos and measured on them as a service answers; its card then has these figures
instead of the checkpoint's. ``OUT.md``, the card as a page, is written beside it, and ``OUT.onnx.data`` where the
weights are too large for one file (2 GB); keep the two together.
"""

import argparse
from pathlib import Path
from typing import get_args

from export.exporter import export
from export.parity import Precision
from training.checkpoints.checkpoint import load_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="a prepared folder: to verify, calibrate and measure on")
    parser.add_argument("--precision", choices=get_args(Precision), default="fp32", help="fp16 for GPUs, int8 for CPUs")
    parser.add_argument("--half-weights", action="store_true", help="store an fp32 file's weights in half precision")
    parser.add_argument("--only", choices=("parse", "pose"), help="a file for parsing or for pose alone")
    parser.add_argument(
        "--tta", action="store_true", help="test-time augmentation in the graph: JPPNet's three scales and mirror image"
    )
    parser.add_argument(
        "--card-text", "--words", type=Path, metavar="TOML",
        help="name, version, description, licence and limits for the card; without it the card claims nothing",
    )  # fmt: skip
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    difference = export(
        checkpoint, args.out, PreparedFolder(args.data) if args.data else None,
        precision=args.precision, half_weights=args.half_weights, averaged=args.tta, only=args.only,
        card_text=args.card_text,
    )  # fmt: skip
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, agrees with {args.checkpoint} ({difference})")


if __name__ == "__main__":
    main()
