"""Measure a person detector by input size: ``python -m training.evaluate_detector RUN/best.pt --people DIR …``.

Prints a row a size for a Markdown table: figures of the validation photos, at the threshold that is best on the tuning
photos with somebody on few photos of nobody. In place of a checkpoint, ``movenet-multipose.json`` measures MoveNet
MultiPose's own boxes, scored by its middles alone.
"""

import argparse
from pathlib import Path

from torch import nn
from tqdm import tqdm

from training.checkpoints.detector import load_detector
from training.data.openimages_boxes import boxed_splits
from training.data.openimages_source import OpenImagesPeople
from training.errors.reporting import reports_input_errors
from training.evaluation.detector_evaluation import Measured, measure
from training.networks.detector.dataset import nobody_photos
from training.networks.detector.detect import run_torch
from training.networks.detector.network import DetectorNetwork

SIDES = (128, 160, 192, 224, 256, 320)


def open_network(path: Path) -> nn.Module:
    """A checkpoint's network, or the released MoveNet MultiPose."""
    if path.suffix != ".json":
        return load_detector(path).network
    network = DetectorNetwork("movenet-multipose").eval()
    network.load_pretrained(path)
    return network


def row(side: int, tune: Measured, val: Measured, most_nobody: float) -> str:
    """A size's figures as a row of a table."""
    figures = val.figures(tune.best_score(most_nobody))
    names = ("score", "recall", "precision", "f1", "average_precision", "nobody")
    return f"| {side}² | {' | '.join(f'{figures[name]:.3f}' for name in names)} |"


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--people", type=Path, required=True, help="Open Images photos of people, with their boxes")
    parser.add_argument("--nobody", type=Path, required=True, help="photos of garments without people")
    parser.add_argument("--most-nobody", type=float, default=0.02, help="share of photos of nobody with somebody")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, help="roots of the input's number of pixels")
    args = parser.parse_args()
    run, source = run_torch(open_network(args.network)), OpenImagesPeople(args.people)
    print("| input | threshold | recall | precision | F1 | AP | nobody |\n| --- | --- | --- | --- | --- | --- | --- |")
    for side in tqdm(args.sides, unit="size"):
        tune, val = (
            measure(run, side, source, boxed_splits(source)[split], nobody_photos(args.nobody, split))
            for split in ("tune", "val")
        )
        print(row(side, tune, val, args.most_nobody), flush=True)


if __name__ == "__main__":
    main()
