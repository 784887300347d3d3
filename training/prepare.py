"""Turn a published data set into a prepared folder: ``python -m training.prepare ccp --root DIR --out DIR``.

``ccp`` is Clothing Co-Parsing, ``lip`` Look into Person, ``atr`` ATR; another data set is one more adapter in
``training/data/`` (docs/label-sets.md).

Resumable: samples that are already there are kept. A sample that cannot be used is named and skipped.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from training.data.atr import ActiveTemplateRegression
from training.data.ccp import ClothingCoParsing
from training.data.lip import LookIntoPerson
from training.data.sample import BrokenSampleError, DatasetInfo, PreparedFolder, Sample
from training.label_set import IGNORE, LabelSet


class Adapter(Protocol):
    """What a data set must offer to be prepared."""

    info: DatasetInfo
    label_set: LabelSet

    def splits(self) -> dict[str, list[str]]: ...
    def photo(self, name: str) -> Path: ...
    def read(self, name: str) -> Sample: ...


ADAPTERS: dict[str, Callable[[Path], Adapter]] = {
    "atr": ActiveTemplateRegression,
    "ccp": ClothingCoParsing,
    "lip": LookIntoPerson,
}


def prepare(adapter: Adapter, out: Path) -> list[str]:
    """Write every usable sample of ``adapter`` to ``out``; the reasons for those left out come back."""
    folder = PreparedFolder(out)
    splits = adapter.splits()
    skipped = []
    todo = [name for names in splits.values() for name in names if not folder.has(name)]
    for name in tqdm(todo, desc="prepare", unit="photo"):
        try:
            sample = adapter.read(name)
            require_usable(sample, adapter.label_set)
            folder.write(sample, adapter.photo(name))
        except BrokenSampleError as error:
            skipped.append(str(error))
    usable = {split: [name for name in names if folder.has(name)] for split, names in splits.items()}
    folder.write_index(adapter.info, usable, adapter.label_set)
    return skipped


def require_usable(sample: Sample, label_set: LabelSet) -> None:
    """Raises BrokenSampleError for a label map of another size than the photo, for label ids that the set does not
    have, and for joints that are not its joints."""
    photo, label_map = sample.image.shape[:2], sample.labels.shape
    if photo != label_map:
        raise BrokenSampleError(f"{sample.name}: photo {photo} and labels {label_map} differ in size")
    unknown = set(np.unique(sample.labels).tolist()) - set(label_set.label_id.values()) - {IGNORE}
    if unknown:
        raise BrokenSampleError(f"{sample.name}: label ids that {label_set.name} does not have: {sorted(unknown)}")
    if sample.joints.shape != (len(label_set.joints), 3):
        wanted = len(label_set.joints)
        raise BrokenSampleError(f"{sample.name}: {len(sample.joints)} joints, {label_set.name} has {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=sorted(ADAPTERS))
    parser.add_argument("--root", type=Path, required=True, help="the data set as published")
    parser.add_argument("--out", type=Path, required=True, help="the prepared folder to make")
    args = parser.parse_args()
    try:
        skipped = prepare(ADAPTERS[args.dataset](args.root), args.out)
    except FileNotFoundError as error:
        sys.exit(str(error))
    folder = PreparedFolder(args.out)
    counts = ", ".join(f"{len(folder.names(split))} {split}" for split in ("train", "val"))
    print(f"{args.out}: {counts}; {len(skipped)} skipped")
    for reason in skipped:
        print(f"  skipped {reason}")


if __name__ == "__main__":
    main()
