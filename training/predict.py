"""Answer photos with a checkpoint: ``python -m training.predict CHECKPOINT PHOTO|FOLDER… --out DIR``.

Each photo NAME gets ``NAME.png`` (grey, pixel value = label id), ``NAME_vis.png`` (the labels' colours) and
``NAME.json`` (x, y in the photo's pixels and a score for each joint), as JPPNet's two inference scripts wrote them.
``--protocol jppnet`` is its authors' evaluation. A photo that cannot be answered is named and passed over; the exit
status is 1 then.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import torch
from tqdm import tqdm

from training.checkpoint import Checkpoint, load_checkpoint
from training.data.sample import BrokenSampleError, read_image
from training.inference import Prediction
from training.label_set import LabelSet
from training.pictures import colored
from training.protocols import PROTOCOLS, Predict
from training.protocols.jppnet import UnsuitableNetworkError

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


def find_photos(paths: Sequence[Path]) -> list[Path]:
    """The files named and the photos in the folders named. Raises ValueError where two would share their answers."""
    photos = [photo for path in paths for photo in (_photos_in(path) if path.is_dir() else [path])]
    twice = [name for name, count in Counter(photo.stem for photo in photos).items() if count > 1]
    if twice:
        raise ValueError(f"several photos of one name would overwrite each other's answers: {', '.join(twice)}")
    return photos


def _photos_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in PHOTO_SUFFIXES]


def answer_photos(checkpoint: Checkpoint, predict: Predict, photos: Sequence[Path], out: Path) -> Iterator[str]:
    """Write every photo's answer to ``out``; yields, for each that has none, why."""
    out.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        try:
            prediction = predict(checkpoint, read_image(photo))
        except UnsuitableNetworkError:
            raise
        except Exception as error:  # whatever is wrong with one photo, the others are answered
            yield str(error) if isinstance(error, BrokenSampleError) else f"{photo}: {type(error).__name__}: {error}"
        else:
            write_answer(prediction, checkpoint.label_set, out, photo.stem)


def write_answer(prediction: Prediction, label_set: LabelSet, out: Path, name: str) -> None:
    """The three files of one photo."""
    cv2.imwrite(str(out / f"{name}.png"), prediction.labels)
    cv2.imwrite(str(out / f"{name}_vis.png"), colored(prediction.labels, label_set)[:, :, ::-1])
    joints = [
        {"name": joint, "x": round(x, 2), "y": round(y, 2), "score": round(score, 4)}
        for joint, (x, y, score) in zip(label_set.joints, prediction.joints.tolist(), strict=True)
    ]
    (out / f"{name}.json").write_text(json.dumps({"joints": joints}, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO|FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="folder for the answers")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="one-pass")
    args = parser.parse_args()
    try:
        photos = find_photos(args.photos)
    except ValueError as error:
        parser.error(str(error))
    checkpoint = load_checkpoint(args.checkpoint)
    checkpoint.network.to("cuda" if torch.cuda.is_available() else "cpu")
    progress = tqdm(photos, desc="predict", unit="photo")
    try:
        failed = list(answer_photos(checkpoint, PROTOCOLS[args.protocol], progress, args.out))
    except UnsuitableNetworkError as error:
        sys.exit(str(error))
    print(f"{args.out}: {len(photos) - len(failed)} photos answered, {len(failed)} not")
    for reason in failed:
        print(f"  {reason}")
    sys.exit(1 if failed or not photos else 0)


if __name__ == "__main__":
    main()
