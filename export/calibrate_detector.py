"""Calibrate a detector's file: ``python -m export.calibrate_detector FILE.onnx --people DIR --nobody DIR``.

For a file that was exported before scores were calibrated; ``export.detector`` does it by itself. The numbers are
fitted on all photos but those of validation. Threshold, figures and golden sample of the card, and its page, are made
anew; ``--card-text`` takes its words from a file. The graph before its scores stays as it is.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from shutil import copyfile
from typing import Any

import onnx

from export.card import KEY, CardError, load_card_text
from export.detector_exporter import calibrate_and_measure, detector_page
from export.score_calibration import is_calibrated
from training.data.openimages_source import OpenImagesPeople
from training.errors.reporting import reports_input_errors


def read_detector_card(path: Path) -> dict[str, Any]:
    """The card of an uncalibrated detector. Raises CardError for another file."""
    model = onnx.load(path)
    card: dict[str, Any] = json.loads({entry.key: entry.value for entry in model.metadata_props}.get(KEY, "{}"))
    if card.get("kind") != "detect":
        raise CardError(f"{path} is no detector of this project's exporter")
    if is_calibrated(model):
        raise CardError(f"{path} is calibrated: export it anew (python -m export.detector)")
    return card


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.onnx")
    parser.add_argument("--people", type=Path, required=True, help="Open Images photos of people, with their boxes")
    parser.add_argument("--nobody", type=Path, required=True, help="photos of garments without people")
    parser.add_argument("--card-text", type=Path, metavar="TOML", help="name, licence and limits for the card")
    args = parser.parse_args()
    if not args.file.is_file():
        sys.exit(f"{args.file}: there is no such file")
    card = read_detector_card(args.file)
    if args.card_text:
        card |= load_card_text(args.card_text).model_dump()
    with tempfile.TemporaryDirectory(dir=args.file.parent) as folder:
        unfinished = Path(folder) / args.file.name
        copyfile(args.file, unfinished)
        card = calibrate_and_measure(unfinished, card, OpenImagesPeople(args.people), args.nobody)
        unfinished.rename(args.file)
    args.file.with_suffix(".md").write_text(detector_page(card))
    print(f"{args.file}: {card['calibration']}")


if __name__ == "__main__":
    main()
