"""Predict labels and joints of photos: ``python -m training.predict CHECKPOINT PHOTO|FOLDER… --out DIR``.

Each photo NAME gets ``NAME.png`` (grey, pixel value = label id), ``NAME_vis.png`` (the labels' colours) and
``NAME.json`` (``keypoints``: name, x, y in the photo's pixels and a score of each joint, as in the service's answers).
``--protocol jppnet`` is the evaluation of JPPNet's authors. ``--lip-test`` writes what LIP's test server takes instead:
``parsing/NAME.png`` and ``pred_keypoints_lip.csv``. A photo that cannot be read is skipped and named at the
end, and the exit status is 1.
"""

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from training.checkpoints.checkpoint import load_checkpoint
from training.data.photos import find_photos
from training.errors.reporting import reports_input_errors
from training.evaluation.protocols import PROTOCOLS
from training.reporting.lip_submission import write_lip_submission
from training.reporting.prediction_files import write_predictions


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO|FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="folder for the predictions")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="one-pass")
    parser.add_argument("--lip-test", action="store_true", help="write the files for LIP's test server")
    args = parser.parse_args()
    photos = find_photos(args.photos)
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    progress = tqdm(photos, desc="predict", unit="photo")
    write = write_lip_submission if args.lip_test else write_predictions
    failed = list(write(checkpoint, PROTOCOLS[args.protocol], progress, args.out))
    print(f"{args.out}: {len(photos) - len(failed)} photos predicted, {len(failed)} not")
    for reason in failed:
        print(f"  {reason}")
    sys.exit(1 if failed or not photos else 0)


if __name__ == "__main__":
    main()
