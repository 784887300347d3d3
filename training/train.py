"""Train a network by a recipe: ``python -m training.train PRESET --data DIR --out RUN``.

PRESET is a name in ``presets/`` or a TOML file; DIR is a prepared folder (``--data A --data B`` mixes two, by the
recipe's ``sampling.shares``). RUN gets ``last.pt`` (the state after every epoch, for ``--resume``), ``best.pt`` (the
averaged weights with the best validation score), ``log.jsonl`` and TensorBoard's files. ``--resume`` continues a run
that was stopped; the result is the same as without the stop. Several GPUs: ``torchrun --nproc-per-node N -m
training.train …``, same arguments.

A run begins with the published weights of its network's trunk, or with a checkpoint's weights (``--from``), and prints
so.
"""

import argparse
from pathlib import Path

import cv2

from training.data.mixed_folders import open_data
from training.loop.distributed import init_distributed
from training.loop.initial_weights import network_from_checkpoint, random_network
from training.loop.trainer import Trainer
from training.networks.presets import load_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument(
        "--data", type=Path, required=True, action="append", help="a prepared folder; several are mixed"
    )
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from RUN/last.pt")
    start.add_argument("--from", type=Path, dest="origin", help="begin with this checkpoint's weights (fine-tuning)")
    start.add_argument("--pretrained", type=Path, help="begin with this file's weights (ResNet-101 or MoveNet)")
    start.add_argument("--from-nothing", action="store_true", help="begin with random weights")
    args = parser.parse_args()
    cv2.setNumThreads(0)  # OpenCV's threads do not survive the fork into loader processes
    context = init_distributed()
    begun = (args.out / "last.pt").exists()
    if begun and not args.resume:
        parser.error(f"{args.out} already holds a run: --resume goes on with it, another --out starts anew")
    if args.resume and not begun:
        parser.error(f"--resume: {args.out} holds no last.pt")
    args.out.mkdir(parents=True, exist_ok=True)
    recipe = load_recipe(args.preset)
    try:
        folder = open_data(args.data, recipe.folder_shares)
    except ValueError as error:
        parser.error(str(error))
    if args.origin:
        try:
            network, other = network_from_checkpoint(args.origin, recipe, folder.label_set)
        except (OSError, ValueError, RuntimeError) as error:
            parser.error(f"--from: {error}")
        print(f"STARTING FROM THE WEIGHTS OF {args.origin}, not from the trunk's own")
        print("".join(f"  random, for another label set: {name}\n" for name in other), end="")
    else:
        network = random_network(recipe, folder.label_set)
    if not (args.resume or args.origin or args.from_nothing):
        try:
            network.load_pretrained(args.pretrained)
        except (ValueError, OSError) as error:
            parser.error(str(error))
    trainer = Trainer(network, recipe, folder, args.out, context)
    if args.resume:
        trainer.resume()
        print(f"resuming {args.out} after epoch {trainer.epoch}")
    trainer.run()


if __name__ == "__main__":
    main()
