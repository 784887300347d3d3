"""Folder check: everything that is wrong with a prepared folder, or with one written by hand."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError
from training.data.sample_check import sample_faults
from training.data.workers import available_cores
from training.errors.input_error import InputError
from training.labels.label_set import LabelSet

SPLITS: Final = ("train", "val")


def folder_faults(root: Path) -> Iterator[str]:
    """Sentences, each naming a file or sample: the description, the label set, the lists, then every sample."""
    folder = PreparedFolder(root)
    yield from _description_faults(root)
    try:
        label_set = folder.label_set
    except InputError as error:
        yield str(error)
        return
    lists: dict[str, list[str]] = {}
    for split in SPLITS:
        try:
            lists[split] = folder.names(split)
        except FileNotFoundError as error:
            yield str(error)
    yield from _list_faults(root, lists)
    names = list(dict.fromkeys(name for names in lists.values() for name in names))
    with ThreadPoolExecutor(available_cores()) as pool:  # decoding holds no lock of Python's
        found = pool.map(partial(_faults_of_sample, folder, label_set), names)
        for faults in tqdm(found, total=len(names), desc="check", unit="sample"):
            yield from faults


def _description_faults(root: Path) -> Iterator[str]:
    path = root / "dataset.json"
    try:
        described = json.loads(path.read_text())
    except FileNotFoundError:
        yield f'{path} is missing: write {{"name": …, "licence": …, "source": …}} there'
        return
    except ValueError as error:
        yield f"{path} is no JSON file: {error}"
        return
    wanted = {"name", "licence", "source"}
    if not isinstance(described, dict) or described.keys() != wanted:
        yield f"{path} must have exactly the keys {', '.join(sorted(wanted))}"


def _list_faults(root: Path, lists: dict[str, list[str]]) -> Iterator[str]:
    for split, names in lists.items():
        if not names:
            yield f"{root / split}.txt names no sample"
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{root / split}.txt names {name} {count} times"
    for name in sorted(set(lists.get("train", ())) & set(lists.get("val", ()))):
        yield f"{name} is in train.txt and in val.txt: what is learnt from must not be measured on"


def _faults_of_sample(folder: PreparedFolder, label_set: LabelSet, name: str) -> list[str]:
    try:
        sample = folder.read_unchecked(name, licence="")
    except BrokenSampleError as error:
        return [_naming(name, str(error))]
    faults = [f"{name}: {fault}" for fault in sample_faults(sample, label_set)]
    try:
        counted = folder.pixel_counts(name)
    except BrokenSampleError as error:
        return [*faults, _naming(name, str(error))]
    ids, counts = np.unique(sample.labels, return_counts=True)
    if counted != dict(zip(ids.tolist(), counts.tolist(), strict=True)):
        faults.append(f'{name}: "pixels" in its joints file is not what its label map holds (draws depend on it)')
    return faults


def _naming(name: str, fault: str) -> str:
    return fault if name in fault else f"{name}: {fault}"


def unnamed_samples(root: Path) -> Iterable[str]:
    """Photos of the folder that no list names; training does not use them."""
    named = {name for split in SPLITS if (root / f"{split}.txt").exists() for name in PreparedFolder(root).names(split)}
    return sorted(path.stem for path in (root / "images").glob("*.jpg") if path.stem not in named)
