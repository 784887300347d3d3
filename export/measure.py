"""Measure model files as a service serves them: ``python -m export.measure FILE.onnx [FILE…] --data DIR``.

Prints a row a file for a Markdown table: bytes, what one run at batch 1 takes on one core, and the figures of
``training.evaluate`` over the photos of a prepared folder, whose bytes go down the service's own line.
"""

import argparse
from pathlib import Path

import numpy as np

from export.served_metrics import isolated, measure, milliseconds
from service.engine.model.card import read_card
from service.engine.model.session import Session
from training.data.prepared_folder import PreparedFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.onnx")
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    args = parser.parse_args()
    data = PreparedFolder(args.data)
    print("| file | precision | MB | ms on one core | mIoU | merged parts | pixel accuracy | PCKh@0.5 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in args.files:
        with isolated(path) as link:
            figures = measure(link, data, data.names(args.split))
            session = Session(link, "cpu", threads=1)
            card = read_card(session.metadata, str(path))
            took = milliseconds(link, card.golden.decoded_image())
        merged = f"mean_iou_{len(data.label_set.merged)}"
        shares = (100 * figures.get(key, np.nan) for key in ("mean_iou", merged, "pixel_accuracy", "pckh"))
        columns = [path.name, card.precision, f"{path.stat().st_size / 1e6:.1f}", f"{took:.2f}"]
        print("| " + " | ".join([*columns, *("–" if np.isnan(share) else f"{share:.2f}" for share in shares)]) + " |")


if __name__ == "__main__":
    main()
