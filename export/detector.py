"""Detector checkpoint to ONNX: ``python -m export.detector RUN/best.pt OUT.onnx --people DIR --nobody DIR``.

The file is written only when it answers as the checkpoint does, on real photos of several sizes. Its scores are
calibrated on all photos but those of validation, on which it is measured; its card says both. ``OUT.md``,
the card as a page, and ``NAME.photos.txt``, the photos that it was made with, are written beside it.
``--precision int8`` computes in 8 bits, ``--half-weights`` stores an fp32 file's weights in half precision.
"""

import argparse
from pathlib import Path
from typing import get_args

from export.detector_exporter import DetectorPrecision, export_detector
from training.checkpoints.detector import load_detector
from training.data.openimages_source import OpenImagesPeople
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=Path, required=True, help="Open Images photos of people, with their boxes")
    parser.add_argument("--nobody", type=Path, required=True, help="photos of garments without people")
    parser.add_argument("--precision", choices=get_args(DetectorPrecision), default="fp32")
    parser.add_argument("--half-weights", action="store_true", help="store weights in half precision")
    parser.add_argument("--card-text", type=Path, metavar="TOML", help="name, licence and limits for the card")
    args = parser.parse_args()
    difference = export_detector(
        load_detector(args.checkpoint), args.out, OpenImagesPeople(args.people), args.nobody,
        args.precision, args.half_weights, args.card_text,
    )  # fmt: skip
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, agrees with {args.checkpoint} ({difference})")


if __name__ == "__main__":
    main()
