"""Measure what a recipe costs on this machine: ``python -m training.benchmark jppnet-s2 --out SECTION.md``.

Multiplications per photo by each protocol (counted, not timed), a training step's time and memory, and photos per
second, with random weights. Runs on a GPU where there is one. ``--side`` makes the input a square of that size, for a
machine on which the recipe's own size would take too long; the table says so.
"""

import argparse
from pathlib import Path

from training.loop.cost import inference_rows, section, training_rows
from training.loop.distributed import init_distributed
from training.networks.presets import load_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument("--side", type=int, help="height and width of the input, in place of the recipe's")
    parser.add_argument("--batch", type=int, help="photos per step and per pass, in place of the recipe's")
    parser.add_argument("--times", type=int, default=5, help="runs of which the median counts")
    parser.add_argument("--out", type=Path, help="file for the table")
    args = parser.parse_args()
    recipe, context = load_recipe(args.preset), init_distributed()
    if args.side:
        network = recipe.network.model_copy(update={"height": args.side, "width": args.side})
        recipe = recipe.model_copy(update={"network": network})
    batch = args.batch or recipe.schedule.batch
    rows = inference_rows(recipe, context, batch, args.times) + training_rows(recipe, context, batch, args.times)
    text = section(args.preset, recipe, context, rows)
    print(text)
    if args.out:
        args.out.write_text(text)


if __name__ == "__main__":
    main()
