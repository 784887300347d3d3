"""Prepare a published data set for training: ``python -m training.prepare ccp --root DIR --out DIR``.

``ccp`` is Clothing Co-Parsing, ``lip`` Look into Person, ``lip-test`` its test photos, ``atr`` ATR, ``openimages``
crops of people that several teachers label (docs/everyday-photos.md), ``no-people`` photos in which nobody is,
``labelme`` and ``cvat`` masks that were corrected in these programs (docs/train-your-own-labels.md); another data set
is one more adapter in ``training/data/adapters/`` (docs/label-sets.md).

Resumable: samples that are already there are kept. A sample that cannot be used is skipped and named.

``python -m training.prepare check FOLDER`` lists all that is wrong with a prepared folder, or with one written by hand;
the exit status is 1 where anything is.
"""

import argparse
import sys
from pathlib import Path

from training.data.adapters.registry import ADAPTERS
from training.data.folder_check import folder_faults, unnamed_samples
from training.data.preparation import prepare
from training.data.prepared_folder import PreparedFolder
from training.errors.reporting import reports_input_errors
from training.self_training.openimages import OpenImages

DATASETS = {**ADAPTERS, "openimages": OpenImages}


def check(root: Path) -> None:
    """Print everything that is wrong with a folder; exit with 1 where anything is."""
    count = 0
    for fault in folder_faults(root):
        print(fault)
        count += 1
    if unnamed := list(unnamed_samples(root)):
        print(f"{len(unnamed)} photos are in no list and are not used, the first is {unnamed[0]}")
    print(f"{root}: {count} faults" if count else f"{root}: nothing is wrong")
    sys.exit(1 if count else 0)


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=[*sorted(DATASETS), "check"])
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="the folder to check")
    parser.add_argument("--root", type=Path, help="the data set as published")
    parser.add_argument("--out", type=Path, help="the prepared folder to make")
    args = parser.parse_intermixed_args()
    if args.dataset == "check":
        if args.folder is None or args.root or args.out:
            parser.error("write: training.prepare check FOLDER")
        check(args.folder)
    if args.folder is not None or not (args.root and args.out):
        parser.error(f"write: training.prepare {args.dataset} --root DIR --out DIR")
    adapter = DATASETS[args.dataset](args.root)
    skipped = prepare(adapter, args.out)
    folder = PreparedFolder(args.out)
    counts = ", ".join(f"{len(folder.names(split))} {split}" for split in adapter.splits())
    print(f"{args.out}: {counts}; {len(skipped)} skipped")
    for reason in skipped:
        print(f"  skipped {reason}")


if __name__ == "__main__":
    main()
