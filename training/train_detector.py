"""Train the person detector: ``python -m training.train_detector PRESET --people DIR … --out RUN``.

PRESET is a name in ``presets/`` or a TOML file. RUN gets ``last.pt`` (everything needed to go on, after every epoch),
``best.pt`` (the averaged weights that measured best on photos kept apart for it) and ``log.jsonl``. ``--resume`` goes
on where a killed run stopped and ends as if it had not been.
"""

import argparse
from functools import partial
from pathlib import Path

import cv2
import torch
from torch import nn

from training.checkpoints.detector import load_detector
from training.data.openimages_boxes import boxed_splits
from training.data.openimages_source import OpenImagesPeople
from training.errors.reporting import reports_input_errors
from training.evaluation.detector_evaluation import Measured, measure
from training.loop.detector_trainer import DetectorTrainer
from training.networks.detector.dataset import nobody_photos, read_data
from training.networks.detector.detect import run_torch
from training.networks.detector.network import DetectorNetwork
from training.networks.detector.recipe import load_detector_recipe

SIDE = 224
"""Of the square that has as many pixels as the input, when weights are chosen."""


def measure_for_choice(source: OpenImagesPeople, garments: Path, network: nn.Module) -> Measured:
    """What a network finds on the photos that are kept apart to choose by."""
    tune = boxed_splits(source)["tune"]
    return measure(run_torch(network.eval()), SIDE, source, tune, nobody_photos(garments, "tune"))


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument("--people", type=Path, required=True, help="Open Images photos of people, with their boxes")
    parser.add_argument("--nobody", type=Path, required=True, help="photos of garments without people")
    parser.add_argument("--street", type=Path, required=True, help="Clothing Co-Parsing")
    parser.add_argument("--rendered", type=Path, required=True, help="what training.synthesize made")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--resume", action="store_true", help="go on from RUN/last.pt")
    start.add_argument("--from", type=Path, dest="origin", help="begin with this checkpoint's weights")
    start.add_argument("--pretrained", type=Path, help="begin with a MoveNet, a TensorFlow.js graph model (.json)")
    args = parser.parse_args()
    if not args.resume and (args.out / "last.pt").exists():
        parser.error(f"{args.out} already holds a run: --resume goes on with it, another --out starts anew")
    cv2.setNumThreads(0)  # OpenCV's threads do not survive the fork into loader processes
    recipe, source = load_detector_recipe(args.preset), OpenImagesPeople(args.people)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.schedule.seed)
    network = DetectorNetwork(recipe.network.trunk)
    if args.pretrained:
        network.load_pretrained(args.pretrained)
    if args.origin:
        origin = load_detector(args.origin)
        if origin.recipe.network.trunk != recipe.network.trunk:
            trunks = f"{origin.recipe.network.trunk} there, {recipe.network.trunk} here"
            parser.error(f"--from {args.origin}: its network has another trunk ({trunks})")
        network.load_state_dict(origin.network.state_dict())
    validate = partial(measure_for_choice, source, args.nobody)
    data = read_data(args.people, args.nobody, args.street, args.rendered)
    trainer = DetectorTrainer(network, recipe, data, validate, args.out)
    if args.resume:
        trainer.resume()
    trainer.run()


if __name__ == "__main__":
    main()
