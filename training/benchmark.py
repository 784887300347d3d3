"""Measure what a recipe costs on this machine: ``python -m training.benchmark jppnet-s2 --out SECTION.md``.

Multiplications per photo by each protocol (counted, not timed), a training step's time and memory, and photos per
second, with random weights. Runs on a GPU where there is one. ``--side`` makes the input a square of that size, for a
machine on which the recipe's own size would take too long; the table says so.

``--gains`` measures, in place of that, what the settings of the recipe's table ``run`` bring: training on photos of
``--data`` (or on drawn ones) with each of their values, beside the recipe's own.
"""

import argparse
from contextlib import nullcontext
from pathlib import Path

from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.loop.cost import inference_rows, rows_as_table, section, training_rows
from training.loop.distributed import init_distributed
from training.loop.gains import VARIATIONS, drawn_photos, gain_table
from training.networks.presets import load_recipe


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a name in training/presets, or a .toml file")
    parser.add_argument("overrides", nargs="*", metavar="TABLE.KEY=VALUE", help="changes single keys of it")
    parser.add_argument("--side", type=int, help="height and width of the input, in place of the recipe's")
    parser.add_argument("--batch", type=int, help="photos per step and per pass, in place of the recipe's")
    parser.add_argument("--times", type=int, default=5, help="runs of which the median counts, or steps of a turn")
    parser.add_argument("--gains", nargs="*", choices=list(VARIATIONS), help="settings to measure; none named: all")
    parser.add_argument("--data", type=Path, help="a prepared folder, for --gains")
    parser.add_argument("--out", type=Path, help="file for the table")
    args = parser.parse_intermixed_args()
    overrides = list(args.overrides)
    if args.side:
        overrides += [f"network.height={args.side}", f"network.width={args.side}"]
    if args.batch:
        overrides += [f"schedule.batch={args.batch}"]
    recipe = load_recipe(args.preset, overrides)
    context = init_distributed(recipe.run.timeout)
    if args.gains is not None:
        settings = args.gains or list(VARIATIONS)
        with nullcontext(PreparedFolder(args.data)) if args.data else drawn_photos() as folder:
            table = gain_table(recipe, folder, context, settings, args.times)
    else:
        batch = recipe.schedule.batch
        rows = inference_rows(recipe, context, batch, args.times) + training_rows(recipe, context, batch, args.times)
        table = rows_as_table(rows)
    text = section(args.preset, recipe, context, table)
    print(text)
    if args.out:
        args.out.write_text(text)


if __name__ == "__main__":
    main()
