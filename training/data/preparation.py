"""Preparation: every usable sample of a data set is written to a prepared folder."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from training.data.adapter import Adapter
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, Sample
from training.labels.label_set import LabelSet


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


def require_usable(sample: Sample, label_set: LabelSet) -> None:
    """Raises BrokenSampleError for a sample that does not fit the label set.

    That is a label map of another size than the photo, label ids that the set does not have, or joints that are not its
    joints.
    """
    photo, label_map = sample.image.shape[:2], sample.labels.shape
    if photo != label_map:
        raise BrokenSampleError(f"{sample.name}: photo {photo} and labels {label_map} differ in size")
    unknown = set(np.unique(sample.labels).tolist()) - label_set.pixel_values
    if unknown:
        raise BrokenSampleError(f"{sample.name}: label ids that {label_set.name} does not have: {sorted(unknown)}")
    if sample.joints.shape != (len(label_set.joints), 3):
        wanted = len(label_set.joints)
        raise BrokenSampleError(f"{sample.name}: {len(sample.joints)} joints, {label_set.name} has {wanted}")
