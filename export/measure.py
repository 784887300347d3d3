"""Measure model files as a service serves them: ``python -m export.measure FILE.onnx [FILE…] [--data DIR]``.

Prints a row a file for a Markdown table: bytes, what one run at batch 1 takes on one core, and with ``--data`` the
figures of ``training.evaluate`` over the photos of a prepared folder, whose bytes go down the service's own line.
"""

import argparse
from pathlib import Path

import numpy as np

from export.card import read_card
from export.served_metrics import isolated, measure, milliseconds
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.onnx")
    parser.add_argument("--data", type=Path, help="a prepared folder")
    parser.add_argument("--split", default="val")
    args = parser.parse_args()
    if missing := [str(path) for path in args.files if not path.is_file()]:
        parser.error(f"there is no {', '.join(missing)}")
    data = PreparedFolder(args.data) if args.data else None
    print("| file | precision | MB | ms on one core | mIoU | merged parts | pixel accuracy | PCKh@0.5 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in args.files:
        card, figures, merged = read_card(path), {}, ""
        if data is not None:
            merged = f"mean_iou_{len(data.label_set.merged)}"
            with isolated(path) as link:
                figures = measure(link, data, data.names(args.split))
        shares = (100 * figures.get(key, np.nan) for key in ("mean_iou", merged, "pixel_accuracy", "pckh"))
        columns = [path.name, card["precision"], f"{path.stat().st_size / 1e6:.1f}", f"{milliseconds(path):.2f}"]
        print("| " + " | ".join([*columns, *("–" if np.isnan(share) else f"{share:.2f}" for share in shares)]) + " |")


if __name__ == "__main__":
    main()
