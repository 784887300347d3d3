"""Train a network by a recipe: ``python -m training.train PRESET --data DIR --out RUN``.

PRESET is a name in ``presets/`` or a TOML file; ``TABLE.KEY=VALUE`` after it changes single keys of it
(``schedule.epochs=10``). DIR is a prepared folder (``--data A --data B`` mixes two, by the recipe's
``sampling.shares``). RUN gets ``recipe.toml``, ``last.pt`` (the state after every epoch and every ``run.save_every``
steps, for ``--resume``), ``best.pt`` (the averaged weights with the best validation score), ``log.jsonl`` and
TensorBoard's files.

``--resume`` continues a run that was stopped, with its own recipe where none is named; the result is the same as
without the stop. ``--resume schedule.epochs=20`` extends a run. Several GPUs: ``torchrun --nproc-per-node N -m
training.train …``, same arguments.

A run begins with the published weights of its network's trunk, or with a checkpoint's weights (``--from``), and prints
so.
"""

import argparse
from pathlib import Path

import cv2

from training.data.mixed_folders import open_data
from training.errors.reporting import reports_input_errors
from training.loop.batches import batch_norm_warning
from training.loop.distributed import end_distributed, init_distributed
from training.loop.initial_weights import network_from_checkpoint, random_network
from training.loop.run_state import STATE_FILE, SavedRun, load_state
from training.loop.trainer import Trainer
from training.networks.presets import load_recipe
from training.networks.recipe import Recipe
from training.networks.registry import changed_recipe


def split_arguments(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The preset, if the first argument is one, and the overrides."""
    if arguments and "=" not in arguments[0]:
        return arguments[0], arguments[1:]
    return None, arguments


def recipe_of_run(preset: str | None, overrides: list[str], saved: SavedRun | None) -> Recipe:
    """The named recipe, or that of the run which is resumed, with the overrides."""
    if preset:
        return load_recipe(preset, overrides)
    assert saved, "only a run that is resumed has a recipe already"
    return changed_recipe(saved.recipe, overrides)


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "recipe", nargs="*", metavar="PRESET [TABLE.KEY=VALUE …]", help="a name in training/presets, or a .toml file"
    )
    parser.add_argument(
        "--data", type=Path, required=True, action="append", help="a prepared folder; several are mixed"
    )
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from RUN/last.pt")
    start.add_argument("--from", type=Path, dest="origin", help="begin with this checkpoint's weights (fine-tuning)")
    start.add_argument("--pretrained", type=Path, help="begin with this file's weights (ResNet-101 or MoveNet)")
    start.add_argument("--from-nothing", action="store_true", help="begin with random weights")
    args = parser.parse_intermixed_args()
    preset, overrides = split_arguments(args.recipe)
    begun = (args.out / STATE_FILE).exists()
    if begun and not args.resume:
        parser.error(f"{args.out} already holds a run: --resume goes on with it, another --out starts anew")
    if args.resume and not begun:
        parser.error(f"--resume: {args.out} holds no {STATE_FILE}")
    if preset is None and not args.resume:
        parser.error("name a recipe: a preset or a .toml file")
    saved = load_state(args.out) if args.resume else None
    recipe = recipe_of_run(preset, overrides, saved)
    cv2.setNumThreads(0)  # OpenCV's threads do not survive the fork into loader processes
    context = init_distributed(recipe.run.timeout)
    say = print if context.is_main else lambda *_, **__: None
    folder = open_data(args.data, recipe.folder_shares)
    if args.origin:
        network, other = network_from_checkpoint(args.origin, recipe, folder.label_set)
        say(f"STARTING FROM THE WEIGHTS OF {args.origin}, not from the trunk's own")
        say("".join(f"  random, for another label set: {name}\n" for name in other), end="")
    else:
        network = random_network(recipe, folder.label_set)
    if not (args.resume or args.origin or args.from_nothing):
        network.load_pretrained(args.pretrained)
    if warning := batch_norm_warning(network, recipe, context.world_size):
        say(warning)
    trainer = Trainer(network, recipe, folder, args.out, context)
    if saved:
        changed = trainer.resume(saved)
        saved = None  # or its weights would take memory until the run ends
        say(f"resuming {args.out} after epoch {trainer.progress.epoch}, step {trainer.progress.step}")
        say("".join(f"  changed: {change}\n" for change in changed), end="")
    trainer.run()
    end_distributed()


if __name__ == "__main__":
    main()
