"""Draw predictions beside the ground truth: ``python -m training.prediction_grid CHECKPOINT --data DIR --out JPG``.

The samples are drawn by ``--seed`` and sorted from the best prediction to the worst. Each shows the photo, the ground
truth and the prediction, with the shares of pixels and of joints that are right. ``--worst`` measures all samples of
the split and shows those with the least share of right pixels, with their names.
"""

import argparse
from pathlib import Path

from training.checkpoints.checkpoint import load_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.reporting.picture_files import write_jpeg
from training.reporting.prediction_grid import drawn_samples, prediction_grid, worst_samples


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="SHEET.jpg")
    parser.add_argument("--worst", action="store_true", help="the worst of all samples, in place of drawn ones")
    args = parser.parse_args()
    folder = PreparedFolder(args.data)
    names = folder.names(args.split)
    choose = worst_samples if args.worst else drawn_samples
    sheet = prediction_grid(load_checkpoint(args.checkpoint), folder, names, args.seed, choose)
    write_jpeg(sheet, args.out)


if __name__ == "__main__":
    main()
