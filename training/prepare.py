"""Prepare a published data set for training: ``python -m training.prepare ccp --root DIR --out DIR``.

``ccp`` is Clothing Co-Parsing, ``lip`` Look into Person, ``atr`` ATR, ``openimages`` crops of people that several
teachers label (docs/everyday-photos.md), ``no-people`` photos in which nobody is, ``labelme`` and ``cvat`` masks that
were corrected in these programs (docs/train-your-own-labels.md); another data set is one more adapter in
``training/data/adapters/`` (docs/label-sets.md).

Resumable: samples that are already there are kept. A sample that cannot be used is skipped and named.
"""

import argparse
import sys
from pathlib import Path

from training.data.adapters.registry import ADAPTERS
from training.data.preparation import prepare
from training.data.prepared_folder import PreparedFolder
from training.self_training.openimages import OpenImages

DATASETS = {**ADAPTERS, "openimages": OpenImages}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=sorted(DATASETS))
    parser.add_argument("--root", type=Path, required=True, help="the data set as published")
    parser.add_argument("--out", type=Path, required=True, help="the prepared folder to make")
    args = parser.parse_args()
    try:
        skipped = prepare(DATASETS[args.dataset](args.root), args.out)
    except FileNotFoundError as error:
        sys.exit(str(error))
    folder = PreparedFolder(args.out)
    counts = ", ".join(f"{len(folder.names(split))} {split}" for split in ("train", "val"))
    print(f"{args.out}: {counts}; {len(skipped)} skipped")
    for reason in skipped:
        print(f"  skipped {reason}")


if __name__ == "__main__":
    main()
