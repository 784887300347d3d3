"""Preparation: every usable sample of a data set is written to a prepared folder."""

from pathlib import Path

from tqdm import tqdm

from training.data.adapter import Adapter
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError
from training.data.sample_check import require_usable


def prepare(adapter: Adapter, out: Path) -> list[str]:
    """Write every usable sample of ``adapter`` to ``out``. Returns the reasons for those that are left out."""
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
