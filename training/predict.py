"""Predict labels and joints of photos: ``python -m training.predict CHECKPOINT PHOTO|FOLDER… --out DIR``.

Each photo NAME gets ``NAME.png`` (grey, pixel value = label id), ``NAME_vis.png`` (the labels' colours) and
``NAME.json`` (x, y in the photo's pixels and a score for each joint), as JPPNet's two inference scripts wrote them.
``--protocol jppnet`` is the evaluation of JPPNet's authors. A photo that cannot be read is skipped and named at the
end, and the exit status is 1.
"""

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from training.checkpoints.checkpoint import load_checkpoint, read_or_exit
from training.data.photos import find_photos
from training.evaluation.jppnet_protocol import UnsuitableNetworkError
from training.evaluation.protocols import PROTOCOLS
from training.reporting.prediction_files import write_predictions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO|FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="folder for the predictions")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="one-pass")
    args = parser.parse_args()
    try:
        photos = find_photos(args.photos)
    except ValueError as error:
        parser.error(str(error))
    checkpoint = read_or_exit(load_checkpoint, args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    progress = tqdm(photos, desc="predict", unit="photo")
    try:
        failed = list(write_predictions(checkpoint, PROTOCOLS[args.protocol], progress, args.out))
    except UnsuitableNetworkError as error:
        sys.exit(str(error))
    print(f"{args.out}: {len(photos) - len(failed)} photos predicted, {len(failed)} not")
    for reason in failed:
        print(f"  {reason}")
    sys.exit(1 if failed or not photos else 0)


if __name__ == "__main__":
    main()
